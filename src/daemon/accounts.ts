import { z } from 'zod';
import type { Config, OAuthApp } from '../config/config.js';
import type { StoredAccount, StoredCredential } from '../mirror/accounts.js';
import type { Declaration } from '../mirror/connections.js';
import type { Database } from '../mirror/database.js';
import type { Sealer } from '../mirror/sealing.js';
import { type Account, NeedsConsentError } from '../sources/index.js';
import type { TokenStore } from '../sources/tokens.js';
import { createTokenStore } from '../sync/tokens.js';

/** The connections of the environment, as the mirror is told of them. */
export function declarationsOf(config: Config): readonly Declaration[] {
  const { pollEvery, sweepEvery } = config;
  return environmentNames(config).map((name) => ({ name, source: name, pollEvery, sweepEvery }));
}

/** The names of the connections that the environment sets up. */
export function environmentNames({ invoiced, freshbooks }: Config): readonly ('invoiced' | 'freshbooks')[] {
  return [...(invoiced ? (['invoiced'] as const) : []), ...(freshbooks ? (['freshbooks'] as const) : [])];
}

/**
 * The account of a connection, its secret opened; null where there is none (yet): this process's environment does not have it, or
 * nobody has chosen one. Throws `configuration` where CREDENTIALS_KEY doesn't open its secret.
 */
export function accountOf(stored: StoredAccount, config: Config, sealer: Sealer | null): Account | null {
  if (stored.origin === 'environment') return environmentAccount(stored, config, sealer);
  const { source, address: baseUrl, accountId, credential } = stored;
  if (baseUrl === null || credential === null || sealer === null) return null;
  if (source === 'invoiced') {
    return { source, baseUrl, apiKey: unpackApiKey(sealer.open(credential.sealed)) };
  }
  if (accountId === null) return null;
  return { source, baseUrl, accountId, ...(appOf(credential, config, sealer) ?? NO_APP) };
}

function environmentAccount(
  { name, credential }: StoredAccount,
  config: Config,
  sealer: Sealer | null,
): Account | null {
  const { invoiced, freshbooks } = config;
  if (name === 'invoiced') return invoiced && { source: 'invoiced', ...invoiced };
  if (name !== 'freshbooks' || freshbooks === null) return null;
  const { baseUrl, accountId } = freshbooks;
  const app = appOf(credential, config, sealer) ?? NO_APP;
  return { source: 'freshbooks', baseUrl, accountId, ...app };
}

/** The OAuth application that a consent was given to; null where there is none. */
export function appOf(
  credential: StoredCredential | null,
  config: Config,
  sealer: Sealer | null,
): OAuthApp | null {
  if (!credential?.redirectUri || !credential.sealedClientSecret || sealer === null) {
    return config.freshbooksApp;
  }
  const { clientId, redirectUri, sealedClientSecret } = credential;
  return { clientId, redirectUri, clientSecret: sealer.open(sealedClientSecret) };
}

/** Where a FreshBooks connection's tokens are kept. Without an OAuth app they are used while they last and never refreshed. */
export function tokenStoreOf(
  stored: Pick<StoredAccount, 'credential'>,
  account: Account,
  db: Database,
  sealer: Sealer | null,
): TokenStore | null {
  if (account.source !== 'freshbooks' || sealer === null) return null;
  const credentialId = stored.credential?.credentialId ?? ENVIRONMENT_CREDENTIAL;
  const store = createTokenStore(db, sealer, credentialId, account.baseUrl);
  if (account.clientId !== '') return store;
  return {
    read: store.read,
    rotate: async () => {
      throw new NeedsConsentError(
        'The FreshBooks access token no longer works and there is no OAuth app to renew it: set FRESHBOOKS_CLIENT_ID, ' +
          'FRESHBOOKS_CLIENT_SECRET and FRESHBOOKS_REDIRECT_URI, and consent with taskmirror connect',
      );
    },
  };
}

/** The credential of the connection `freshbooks`, before a consent has linked it to another. */
export const ENVIRONMENT_CREDENTIAL = 'freshbooks';

/** Without an app nothing is ever refreshed, so the blanks are never sent. */
const NO_APP: OAuthApp = { clientId: '', clientSecret: '', redirectUri: '' };

export const packApiKey = (apiKey: string): string => JSON.stringify({ apiKey });
const unpackApiKey = (secret: string): string => storedKey.parse(JSON.parse(secret)).apiKey;
const storedKey = z.object({ apiKey: z.string().min(1) });
