import { z } from 'zod';
import type { Runtime } from '../../runtime.js';
import type { FreshbooksAccount } from '../account.js';
import { ApiError, NeedsConsentError } from '../http/errors.js';
import type { Http } from '../http/http.js';
import type { Tokens } from '../tokens.js';

/** A worker that stops has 20 s, and a refresh under way is waited for. */
const TOTAL_MS = 15_000;

/** What a header can hold: no white space, and nothing that could end it. */
const token = z.string().regex(/^[\x21-\x7e]+$/);

const tokenAnswer = z.object({
  access_token: token,
  refresh_token: token,
  expires_in: z.number().positive(),
  created_at: z.number().positive().optional(),
  scope: z.string().optional(),
});

/**
 * Trades a refresh token for the next pair. It works once: the caller must have locked it, and must keep the answer before
 * anything else. Throws NeedsConsentError when the token is used, revoked or replaced by a newer consent, and ApiError for
 * all else. After an answer that was lost the token may be used up; only trying again tells.
 */
export function refreshTokens(
  http: Http,
  account: FreshbooksAccount,
  runtime: Runtime,
  current: Tokens,
): Promise<Tokens> {
  const grant = { grant_type: 'refresh_token', refresh_token: current.refreshToken };
  return askForTokens(
    http,
    account,
    runtime,
    grant,
    `FreshBooks account ${account.accountId}: the refresh token no longer works (used, revoked, or replaced by a newer ` +
      'consent); a person must consent again, with taskmirror connect or by a new FRESHBOOKS_REFRESH_TOKEN',
  );
}

/** Trades the code that a person brings from the consent page (good for five minutes, once) for the first pair. */
export function exchangeCode(
  http: Http,
  account: FreshbooksAccount,
  runtime: Runtime,
  code: string,
): Promise<Tokens> {
  return askForTokens(
    http,
    account,
    runtime,
    { grant_type: 'authorization_code', code },
    'FreshBooks does not take the code: it works once, within five minutes, and for the redirect address that it was ' +
      'given to. Begin again with taskmirror connect',
  );
}

async function askForTokens(
  http: Http,
  account: FreshbooksAccount,
  runtime: Runtime,
  grant: Readonly<Record<string, string>>,
  whenInvalid: string,
): Promise<Tokens> {
  const form = {
    ...grant,
    client_id: account.clientId,
    client_secret: account.clientSecret,
    redirect_uri: account.redirectUri,
  };
  const request = {
    route: 'oauth.token',
    method: 'POST',
    path: '/auth/oauth/token',
    form,
    totalMs: TOTAL_MS,
  } as const;
  const answer = await http.aside(request).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.code !== 'invalid_grant') throw error;
    throw new NeedsConsentError(whenInvalid, { cause: error });
  });
  const parsed = tokenAnswer.safeParse(answer.json);
  // The parser's own report could quote a token.
  if (!parsed.success) {
    const { status } = answer;
    throw new ApiError({
      kind: 'unreadable',
      request: 'freshbooks token',
      status,
      detail: 'the answer holds no tokens',
    });
  }
  const { access_token, refresh_token, expires_in, created_at, scope } = parsed.data;
  const issuedAt = created_at ?? Math.floor((answer.serverTime ?? runtime.now()) / 1000);
  return {
    accessToken: access_token,
    refreshToken: refresh_token,
    expiresAt: issuedAt + expires_in,
    issuedAt,
    ...(scope !== undefined && { scope }),
  };
}
