import type { Config } from '../config/config.js';
import type { Declaration } from '../mirror/connections.js';
import type { Account } from '../sources/index.js';

/** The accounts whose secrets this process has, by the name of their connection. */
export function accountsOf({ invoiced, freshbooks }: Config): ReadonlyMap<string, Account> {
  const accounts = new Map<string, Account>();
  if (invoiced) accounts.set('invoiced', { source: 'invoiced', ...invoiced });
  if (freshbooks) {
    const { baseUrl, accountId, app } = freshbooks;
    // Without an OAuth app nothing is ever refreshed (see `tokenStoreOf`), so the blanks are never sent.
    const { clientId, clientSecret, redirectUri } = app ?? {
      clientId: '',
      clientSecret: '',
      redirectUri: '',
    };
    accounts.set('freshbooks', {
      source: 'freshbooks',
      baseUrl,
      accountId,
      clientId,
      clientSecret,
      redirectUri,
    });
  }
  return accounts;
}

/** The connections as the mirror is told of them. */
export function declarationsOf(config: Config): readonly Declaration[] {
  const { pollEvery, sweepEvery } = config;
  return [...accountsOf(config)].map(([name, { source }]) => ({ name, source, pollEvery, sweepEvery }));
}
