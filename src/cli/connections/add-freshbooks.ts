import { parseBaseUrl } from '../../config/address.js';
import type { OAuthApp } from '../../config/config.js';
import { appOf, tokenStoreOf } from '../../daemon/accounts.js';
import { TaskmirrorError } from '../../errors.js';
import { readAccounts, type StoredAccount } from '../../mirror/accounts.js';
import { addConnection, insertCredential, makeCredentialId } from '../../mirror/add-connection.js';
import type { Sealer } from '../../mirror/sealing.js';
import { nameUser } from '../../mirror/settle-consent.js';
import { whoAmI } from '../../sources/freshbooks/user.js';
import type { FreshbooksAccount } from '../../sources/index.js';
import { NO_CONSENT, packTokens } from '../../sync/tokens.js';
import { openAsking, readSecret } from '../ask.js';
import type { Cli } from '../cli.js';
import type { Mirror } from '../mirror.js';
import { apiUserOf, pickAccount, refuseTwice } from './accounts.js';
import { sourceDeps } from './source-deps.js';
import { taken } from './vault.js';

export interface AddFreshbooks {
  readonly accountId?: string;
  readonly baseUrl?: string;
  readonly clientId?: string;
  readonly redirectUri?: string;
  readonly clientSecretFile?: string;
  /** The connection whose consent this one is to use too. */
  readonly share?: string;
}

/** Adds a FreshBooks account: with the consent of another connection, or to be consented to. Gives what a person is told. */
export async function addFreshbooks(
  name: string,
  options: AddFreshbooks,
  mirror: Mirror,
  sealer: Sealer,
  cli: Cli,
): Promise<string> {
  if (options.share !== undefined) return shareConsent(name, options.share, options, mirror, sealer, cli);
  const { db, config } = mirror;
  const address = parseBaseUrl('--base-url', options.baseUrl ?? 'https://api.freshbooks.com');
  const accountId = options.accountId ?? null;
  if (accountId !== null) await refuseTwice(mirror, sealer, { address, accountId }, name);
  const app = await readApp(options, cli);
  const clientId = app?.clientId ?? config.freshbooksApp?.clientId;
  if (clientId === undefined) throw noApp();
  const credentialId = makeCredentialId(name);
  const { pollEvery, sweepEvery } = config;
  await db.transaction(async (tx) => {
    await insertCredential(tx, {
      credentialId,
      source: 'freshbooks',
      clientId,
      sealed: sealer.seal(packTokens({ accessToken: null, refreshToken: '', expiresAt: 0 }, address)),
      problem: NO_CONSENT,
      redirectUri: app?.redirectUri ?? null,
      sealedClientSecret: app ? sealer.seal(app.clientSecret) : null,
    });
    const problem = `There is no consent yet: taskmirror connect ${name}`;
    const connection = { name, source: 'freshbooks', address, accountId, credentialId } as const;
    if (!(await addConnection(tx, { ...connection, pollEvery, sweepEvery, problem }))) throw taken(name);
  });
  return `${name} is added, and waits for a consent: taskmirror connect ${name}`;
}

async function shareConsent(
  name: string,
  share: string,
  { accountId, baseUrl, clientId, redirectUri, clientSecretFile }: AddFreshbooks,
  mirror: Mirror,
  sealer: Sealer,
  cli: Cli,
): Promise<string> {
  if (baseUrl ?? clientId ?? redirectUri ?? clientSecretFile) {
    throw new TaskmirrorError(
      'usage',
      `--share takes address and OAuth application from ${share}: leave the others out.`,
    );
  }
  const { db, config } = mirror;
  const other = (await readAccounts(db)).find((stored) => stored.name === share);
  const address = other && addressOf(other, mirror);
  if (!other?.credential || other.source !== 'freshbooks' || address === undefined) {
    throw new TaskmirrorError(
      'usage',
      `${share} is no FreshBooks connection with a consent: look with taskmirror connections.`,
    );
  }
  const { credential } = other;
  const account: FreshbooksAccount = {
    source: 'freshbooks',
    baseUrl: address,
    accountId: '',
    ...(appOf(credential, config, sealer) ?? { clientId: '', clientSecret: '', redirectUri: '' }),
  };
  const tokens = tokenStoreOf(other, account, db, sealer);
  if (tokens === null) throw new Error('a FreshBooks connection has a token store');
  const { user } = await whoAmI(account, tokens, sourceDeps(cli, db), cli.signal);
  await nameUser(db, credential.credentialId, apiUserOf(address, user.id));
  const asking = openAsking(cli);
  const chosen = await pickAccount(user, accountId ?? null, asking).finally(asking.close);
  await refuseTwice(mirror, sealer, { address, accountId: chosen }, name);
  const { pollEvery, sweepEvery } = config;
  await db.transaction(async (tx) => {
    const connection = { name, source: 'freshbooks', address, accountId: chosen } as const;
    const more = { credentialId: credential.credentialId, pollEvery, sweepEvery, problem: null };
    if (!(await addConnection(tx, { ...connection, ...more }))) throw taken(name);
  });
  return `${name} is added (account ${chosen}), with the consent of ${share}: running workers begin to read it within seconds.`;
}

const addressOf = (stored: StoredAccount, { config }: Mirror): string | undefined =>
  stored.address ?? config.freshbooks?.baseUrl;

/** The application's own, all of it or none; null where the environment's is meant. */
async function readApp(
  { clientId, redirectUri, clientSecretFile }: AddFreshbooks,
  cli: Cli,
): Promise<OAuthApp | null> {
  if (clientId === undefined && redirectUri === undefined && clientSecretFile === undefined) return null;
  if (clientId === undefined || redirectUri === undefined) {
    throw new TaskmirrorError(
      'usage',
      'An OAuth application needs --client-id and --redirect-uri; its secret is asked for.',
    );
  }
  if (!URL.canParse(redirectUri)) {
    throw new TaskmirrorError(
      'usage',
      '--redirect-uri is no address: use the one that is registered with the application.',
    );
  }
  const asking = openAsking(cli);
  const clientSecret = await readSecret(asking, clientSecretFile, "the application's client secret").finally(
    asking.close,
  );
  return { clientId, redirectUri, clientSecret };
}

export const noApp = (): TaskmirrorError =>
  new TaskmirrorError(
    'configuration',
    'There is no OAuth application: set FRESHBOOKS_CLIENT_ID, FRESHBOOKS_CLIENT_SECRET and FRESHBOOKS_REDIRECT_URI, or add the connection with --client-id and --redirect-uri.',
  );
