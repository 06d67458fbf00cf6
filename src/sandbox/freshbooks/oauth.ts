import type { SandboxRequest, SandboxResponse, SandboxWorld } from '../api.js';
import { parseFields } from './form-fields.js';
import type { FreshBooksOptions } from './options.js';

const CODE_LIFE = 300_000;

/** What the token endpoint answers. Expiry is `created_at + expires_in`, in seconds since 1970. */
export interface TokenGrant {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly created_at: number;
  readonly refresh_token: string;
  readonly scope: string;
}

/** The tokens of one user and one app. */
export interface OAuth {
  /** `POST /auth/oauth/token`, with a form or JSON. */
  token(request: SandboxRequest): SandboxResponse;
  /** The consent page, where the user agrees at once: a redirect to the app with a code. */
  authorize(request: SandboxRequest): SandboxResponse;
  /** The user agrees; the code that results lives 5 minutes and works once. */
  consent(scopes?: readonly string[]): string;
  /** Tokens as from a consent just exchanged. The former refresh token is dead from now on. */
  grant(scopes?: readonly string[]): TokenGrant;
  /** The one that works now; null when there is none. */
  refreshToken(): string | null;
  /** The scopes of an access token; null when it is unknown or has expired. */
  scopesOf(accessToken: string): readonly string[] | null;
  /** Ends all tokens, as when the user disconnects the app. */
  revoke(): void;
  snapshot(): OAuthSnapshot;
  restore(snapshot: OAuthSnapshot): void;
}

export interface OAuthSnapshot {
  readonly refresh: { readonly token: string; readonly scopes: readonly string[] } | null;
  readonly access: readonly (readonly [string, Expiring])[];
  readonly codes: readonly (readonly [string, Expiring])[];
}

interface Expiring {
  readonly scopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export function createOAuth(world: SandboxWorld, options: FreshBooksOptions): OAuth {
  let refresh: OAuthSnapshot['refresh'] =
    options.refreshToken === null ? null : { token: options.refreshToken, scopes: options.scopes };
  const access = new Map<string, Expiring>();
  const codes = new Map<string, Expiring>();
  if (options.accessToken !== null) {
    access.set(options.accessToken, {
      scopes: options.scopes,
      expires: world.now() + options.accessTokenSeconds * 1000,
    });
  }

  const grant = (scopes = options.scopes): TokenGrant => {
    const { accessTokenSeconds, formerAccessToken } = options;
    const created = Math.floor(world.now() / 1000);
    dropExpired(access, world.now());
    if (formerAccessToken === 'dies') access.clear();
    const accessToken = randomToken(world);
    access.set(accessToken, { scopes, expires: (created + accessTokenSeconds) * 1000 });
    refresh = { token: randomToken(world), scopes };
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: accessTokenSeconds,
      created_at: created,
      refresh_token: refresh.token,
      scope: scopes.join(' '),
    };
  };

  const consent = (scopes = options.scopes): string => {
    dropExpired(codes, world.now());
    const code = randomToken(world);
    codes.set(code, { scopes, expires: world.now() + CODE_LIFE });
    return code;
  };

  return {
    token({ body, headers }) {
      const field = parseFields(body, headers['content-type'] ?? '');
      const { clientId, clientSecret, redirectUri } = options;
      const missing = ['grant_type', 'client_id', 'client_secret', 'redirect_uri'].filter(
        (key) => !field(key),
      );
      if (missing.length > 0) return refusal(400, 'invalid_request', `Missing: ${missing.join(', ')}.`);
      if (field('client_id') !== clientId || field('client_secret') !== clientSecret) {
        return refusal(401, 'invalid_client', 'Client authentication failed.');
      }
      if (field('redirect_uri') !== redirectUri) return invalidGrant();
      switch (field('grant_type')) {
        case 'refresh_token': {
          if (refresh === null || field('refresh_token') !== refresh.token) return invalidGrant();
          return { status: 200, body: grant(refresh.scopes) };
        }
        case 'authorization_code': {
          const code = codes.get(field('code'));
          if (code === undefined || code.expires <= world.now()) return invalidGrant();
          codes.delete(field('code'));
          return { status: 200, body: grant(code.scopes) };
        }
        default:
          return refusal(400, 'unsupported_grant_type', 'The authorization grant type is not supported.');
      }
    },
    authorize({ query }) {
      const { clientId, redirectUri } = options;
      if (query.get('client_id') !== clientId || query.get('redirect_uri') !== redirectUri) {
        return refusal(400, 'invalid_request', 'Unknown client, or its redirect URI does not match.');
      }
      const scopes = query.get('scope')?.split(' ').filter(Boolean);
      const to = new URL(redirectUri);
      to.searchParams.set('code', consent(scopes));
      const state = query.get('state');
      if (state !== null) to.searchParams.set('state', state);
      return { status: 302, headers: { Location: to.href } };
    },
    consent,
    grant,
    refreshToken: () => refresh?.token ?? null,
    scopesOf(accessToken) {
      const token = access.get(accessToken);
      return token === undefined || token.expires <= world.now() ? null : token.scopes;
    },
    revoke() {
      refresh = null;
      access.clear();
      codes.clear();
    },
    snapshot: () => ({ refresh, access: [...access], codes: [...codes] }),
    restore(snapshot) {
      refresh = snapshot.refresh;
      fill(access, snapshot.access);
      fill(codes, snapshot.codes);
    },
  };
}

function invalidGrant(): SandboxResponse {
  return refusal(
    400,
    'invalid_grant',
    'The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.',
  );
}

function refusal(status: number, error: string, description: string): SandboxResponse {
  return { status, body: { error, error_description: description } };
}

function randomToken(world: SandboxWorld): string {
  return Array.from({ length: 8 }, () =>
    Math.floor(world.random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}

function dropExpired(tokens: Map<string, Expiring>, now: number): void {
  for (const [token, { expires }] of tokens) if (expires <= now) tokens.delete(token);
}

function fill(map: Map<string, Expiring>, entries: OAuthSnapshot['access']): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}
