import type { FreshbooksAccount, SourceDeps } from '../account.js';
import type { Tokens } from '../tokens.js';
import { exchangeCode } from './oauth.js';
import { openFreshbooksHttp } from './session.js';

/** What the worker needs: tasks to read and write, and whose they are. */
export const SCOPES = ['user:billable_items:read', 'user:billable_items:write', 'user:profile:read'] as const;

/** Those without which nothing can be mirrored, or nothing sent. */
export const missingScopes = (granted: string): readonly string[] => {
  const given = granted.split(/\s+/);
  return SCOPES.filter((scope) => !given.includes(scope));
};

/** The page on which a person consents. It leads to the redirect address, with a code that is good for five minutes, and `state`. */
export function consentAddress(
  { baseUrl, clientId, redirectUri }: Omit<FreshbooksAccount, 'source' | 'accountId' | 'clientSecret'>,
  state: string,
): string {
  const page = new URL(baseUrl === API ? PAGE : `${baseUrl}/oauth/authorize/`);
  page.search = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: SCOPES.join(' '),
    state,
  }).toString();
  return page.href;
}

/** FreshBooks has it apart from its API; the sandbox has not. */
const API = 'https://api.freshbooks.com';
const PAGE = 'https://auth.freshbooks.com/oauth/authorize/';

/** Trades the code for tokens. From then on the user's former refresh token is dead. Throws ApiError, NeedsConsentError. */
export async function tradeCode(account: FreshbooksAccount, code: string, deps: SourceDeps): Promise<Tokens> {
  const http = openFreshbooksHttp(account.baseUrl, deps);
  try {
    return await exchangeCode(http, account, deps.runtime, code);
  } finally {
    await http.close();
  }
}
