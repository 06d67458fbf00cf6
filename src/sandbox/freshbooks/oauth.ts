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

/** The tokens of one app and its users: each has one refresh token at a time. */
export interface OAuth {
  /** `POST /auth/oauth/token`, with a form or JSON. */
  token(request: SandboxRequest): SandboxResponse;
  /** The consent page, where the user agrees at once: a redirect to the app with a code. */
  authorize(request: SandboxRequest): SandboxResponse;
  /** The user agrees; the code that results lives 5 minutes and works once. */
  consent(scopes?: readonly string[]): string;
  /** Tokens as from a consent just exchanged. The former refresh token is dead from now on. */
  grant(scopes?: readonly string[]): TokenGrant;
  /** Of the user who would agree on the consent page: the one that works now; null when there is none. */
  refreshToken(): string | null;
  /** The scopes and the user of an access token; null when it is unknown or has expired. */
  bearerOf(accessToken: string): { readonly scopes: readonly string[]; readonly user: number } | null;
  /** Ends all tokens of all users, as when they disconnect the app. */
  revoke(): void;
  snapshot(): OAuthSnapshot;
  restore(snapshot: OAuthSnapshot): void;
}

export interface OAuthSnapshot {
  readonly refresh: readonly Refresh[];
  readonly access: readonly (readonly [string, Expiring])[];
  readonly codes: readonly (readonly [string, Expiring])[];
}

interface Refresh {
  readonly token: string;
  readonly scopes: readonly string[];
  readonly user: number;
}

interface Expiring {
  readonly scopes: readonly string[];
  readonly user: number;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export function createOAuth(world: SandboxWorld, options: FreshBooksOptions): OAuth {
  const refresh = new Map<number, Refresh>();
  const keep = (one: Refresh) => refresh.set(one.user, one);
  if (options.refreshToken !== null) {
    keep({ token: options.refreshToken, scopes: options.scopes, user: options.userId });
  }
  const access = new Map<string, Expiring>();
  const codes = new Map<string, Expiring>();
  if (options.accessToken !== null) {
    access.set(options.accessToken, {
      scopes: options.scopes,
      user: options.userId,
      expires: world.now() + options.accessTokenSeconds * 1000,
    });
  }

  const grant = (scopes = options.scopes, user = options.userId): TokenGrant => {
    const { accessTokenSeconds, formerAccessToken } = options;
    const created = Math.floor(world.now() / 1000);
    dropExpired(access, world.now());
    if (formerAccessToken === 'dies') {
      for (const [token, { user: its }] of access) if (its === user) access.delete(token);
    }
    const accessToken = randomToken(world);
    access.set(accessToken, { scopes, user, expires: (created + accessTokenSeconds) * 1000 });
    const successor = { token: randomToken(world), scopes, user };
    keep(successor);
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: accessTokenSeconds,
      created_at: created,
      refresh_token: successor.token,
      scope: scopes.join(' '),
    };
  };

  const consent = (scopes = options.scopes): string => {
    dropExpired(codes, world.now());
    const code = randomToken(world);
    codes.set(code, { scopes, user: options.userId, expires: world.now() + CODE_LIFE });
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
          const used = [...refresh.values()].find(({ token }) => token === field('refresh_token'));
          if (used === undefined) return invalidGrant();
          return { status: 200, body: grant(used.scopes, used.user) };
        }
        case 'authorization_code': {
          const code = codes.get(field('code'));
          if (code === undefined || code.expires <= world.now()) return invalidGrant();
          codes.delete(field('code'));
          return { status: 200, body: grant(code.scopes, code.user) };
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
    refreshToken: () => refresh.get(options.userId)?.token ?? null,
    bearerOf(accessToken) {
      const token = access.get(accessToken);
      return token === undefined || token.expires <= world.now() ? null : token;
    },
    revoke() {
      refresh.clear();
      access.clear();
      codes.clear();
    },
    snapshot: () => ({ refresh: [...refresh.values()], access: [...access], codes: [...codes] }),
    restore(snapshot) {
      refresh.clear();
      for (const one of snapshot.refresh) keep(one);
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
