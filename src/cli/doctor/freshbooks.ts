import type { Runtime } from '../../runtime.js';
import { missingScopes } from '../../sources/freshbooks/consent.js';
import { type FreshbooksUser, whoAmI } from '../../sources/freshbooks/user.js';
import { ApiError, type FreshbooksAccount, openSource, type SourceDeps } from '../../sources/index.js';
import { probe } from '../../sources/probe.js';
import type { TokenStore } from '../../sources/tokens.js';
import { type Examined, refusalOf, writesOf } from './account.js';
import { checkClock } from './clock.js';
import { type Finding, findingsOf } from './finding.js';

const { ok, skipped, warning, failed } = findingsOf('account');

/**
 * Who the user is, and one page of tasks, which changes nothing at the API. A token that has expired is renewed as the workers do
 * it, under the same lock; a paused connection's is not.
 */
export async function checkFreshbooks(
  examined: Examined,
  account: FreshbooksAccount,
  tokens: TokenStore,
  deps: SourceDeps,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { stored, paused } = examined;
  const { name } = stored;
  const store = paused ? unrenewed(tokens) : tokens;
  const client = openSource(account, { ...deps, tokens: store });
  try {
    const { scope } = await store.read();
    const lacking = scope === undefined ? [] : missingScopes(scope);
    if (lacking.length > 0) return [scopeMissing(name, lacking.join(' '))];
    const answer = await whoAmI(account, store, deps, signal);
    const entry = judgeUser(name, account.accountId, answer.user);
    if (entry.state === 'failed') return [entry];
    await probe(client, runtime.now(), signal);
    const writes = writesOf(examined);
    return [
      ...(writes.length > 0 ? writes : [entry]),
      ...checkClock(`FreshBooks (${name})`, answer.serverTime, runtime.now()),
    ];
  } catch (error) {
    if (error instanceof NotRenewed) {
      return [
        skipped(
          name,
          'It is paused and its access token has expired: nothing was asked, so that none is used up.',
        ),
      ];
    }
    if (error instanceof ApiError && error.kind === 'forbidden' && /scope/.test(error.message)) {
      return [scopeMissing(name, /user:[\w:]+/.exec(error.message)?.[0] ?? 'one that is needed')];
    }
    return [refusalOf(name, error)];
  } finally {
    await client.close();
  }
}

function judgeUser(name: string, accountId: string, { accounts }: FreshbooksUser): Finding {
  const mine = accounts.find((account) => account.accountId === accountId);
  if (mine === undefined) {
    const others = accounts.map((account) => account.accountId).join(', ') || 'none';
    return failed(
      name,
      `The user who consented can't enter the account ${accountId}, only ${others}.`,
      'Correct FRESHBOOKS_ACCOUNT_ID (or remove the connection and add it again), or consent as another user.',
    );
  }
  if (mine.role === 'client') {
    return failed(
      name,
      `The user who consented is a client of the account ${accountId}, and may not write.`,
      `Have the owner or an employee consent: taskmirror connect ${name}`,
    );
  }
  if (mine.role === null)
    return warning(
      name,
      `FreshBooks answers for the account ${accountId}, but tells no role.`,
      'See that its user may write.',
    );
  return ok(name, `FreshBooks answers for the account ${accountId}; the user's role is ${mine.role}.`);
}

const scopeMissing = (name: string, scope: string): Finding =>
  failed(
    name,
    `The consent lacks the scope ${scope}.`,
    `Add it to the OAuth application, then: taskmirror connect ${name}`,
  );

class NotRenewed extends Error {}

const unrenewed = ({ read }: TokenStore): TokenStore => ({
  read,
  rotate: async () => {
    throw new NotRenewed('a paused connection renews no token');
  },
});
