import { z } from 'zod';
import type { FreshbooksAccount, SourceDeps } from '../account.js';
import { ApiError } from '../http/errors.js';
import type { TokenStore } from '../tokens.js';
import { openSession } from './session.js';

/** Whom a token speaks for. */
export interface FreshbooksUser {
  readonly id: number;
  /** The accounts that the user may enter. */
  readonly accounts: readonly FreshbooksMembership[];
}

export interface FreshbooksMembership {
  readonly accountId: string;
  /** The business's name; null where only a role tells of the account. */
  readonly name: string | null;
  /** `owner`, `admin`, `manager`, `employee`, `contractor`, `client` and others. */
  readonly role: string | null;
}

/**
 * Asks who the user is: `GET /auth/api/v1/users/me`, which needs the scope `user:profile:read`. Also gives the API's clock in
 * milliseconds since 1970. Throws ApiError, NeedsConsentError.
 */
export async function whoAmI(
  account: FreshbooksAccount,
  store: TokenStore,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<{ readonly user: FreshbooksUser; readonly serverTime: number | null }> {
  const session = openSession(account, store, deps);
  try {
    const request = { route: 'users.me', method: 'GET', path: '/auth/api/v1/users/me' } as const;
    const outcome = await session.ask(request, signal);
    if (outcome.refusal) throw outcome.refusal;
    const parsed = answer.safeParse(outcome.json);
    if (parsed.success) return { user: userOf(parsed.data.response), serverTime: outcome.serverTime };
    const { status } = outcome;
    throw new ApiError({
      kind: 'unreadable',
      request: 'freshbooks users/me',
      status,
      detail: 'it names no user',
    });
  } finally {
    await session.close();
  }
}

const answer = z.object({
  response: z.object({
    id: z.number(),
    business_memberships: z
      .array(
        z.object({
          role: z.string().nullish(),
          business: z.object({ name: z.string().nullish(), account_id: z.string().nullish() }).nullish(),
        }),
      )
      .nullish(),
    roles: z.array(z.object({ accountid: z.string().nullish(), role: z.string().nullish() })).nullish(),
  }),
});

/** The account id of a business can be null: then the roles have it. */
function userOf({ id, business_memberships, roles }: z.infer<typeof answer>['response']): FreshbooksUser {
  const accounts = new Map<string, FreshbooksMembership>();
  for (const { role, business } of business_memberships ?? []) {
    const accountId = business?.account_id;
    if (accountId) accounts.set(accountId, { accountId, name: business?.name ?? null, role: role ?? null });
  }
  for (const { accountid: accountId, role } of roles ?? []) {
    if (accountId && !accounts.has(accountId))
      accounts.set(accountId, { accountId, name: null, role: role ?? null });
  }
  return { id, accounts: [...accounts.values()] };
}
