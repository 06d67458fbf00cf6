import { createHash, randomBytes } from 'node:crypto';
import { appOf, declarationsOf, tokenStoreOf } from '../../daemon/accounts.js';
import { TaskmirrorError } from '../../errors.js';
import { readAccounts, readCredentials, type StoredAccount } from '../../mirror/accounts.js';
import { insertCredential, makeCredentialId } from '../../mirror/add-connection.js';
import { declareConnections } from '../../mirror/connections.js';
import type { Sealer } from '../../mirror/sealing.js';
import { chooseAccount, nameUser, settleConsent } from '../../mirror/settle-consent.js';
import { consentAddress, missingScopes, tradeCode } from '../../sources/freshbooks/consent.js';
import { type FreshbooksUser, whoAmI } from '../../sources/freshbooks/user.js';
import { ApiError, type FreshbooksAccount, NeedsConsentError } from '../../sources/index.js';
import { createTokenStore, packTokens } from '../../sync/tokens.js';
import { openAsking } from '../ask.js';
import type { Cli } from '../cli.js';
import type { Mirror } from '../mirror.js';
import { apiUserOf, pickAccount, refuseTwice } from './accounts.js';
import { noApp } from './add-freshbooks.js';
import { readCode } from './read-code.js';
import { sourceDeps } from './source-deps.js';

/**
 * A person's consent for a FreshBooks connection: the address is printed, the code read, and the tokens are stored before anything
 * else is done with them. The connections of the same user go on with them, since the former ones are dead.
 */
export async function connect(
  name: string,
  accountId: string | null,
  mirror: Mirror,
  sealer: Sealer,
  cli: Cli,
): Promise<void> {
  const { db, config } = mirror;
  const asking = openAsking(cli);
  try {
    const stored = await findFreshbooks(name, mirror);
    const account = whoseConsent(stored, mirror, sealer);
    await nameUsers(account, mirror, sealer, cli);

    const state = randomBytes(16).toString('base64url');
    cli.output.write(
      `Open this address, agree, and paste the address that you are led to, or the code in it, within five minutes:\n\n${consentAddress(account, state)}\n\n`,
    );
    const code = readCode(await asking.line('Address or code: '), state);
    const tokens = await tradeCode(account, code, sourceDeps(cli, db)).catch(inWords);
    const credentialId = makeCredentialId(name);
    const { clientId } = account;
    const own = stored.credential;
    // Kept before it is used: from now on no other token of this user works.
    await insertCredential(db, {
      credentialId,
      source: 'freshbooks',
      clientId,
      sealed: sealer.seal(packTokens(tokens, account.baseUrl)),
      problem: null,
      redirectUri: own?.redirectUri ?? null,
      sealedClientSecret: own?.sealedClientSecret ?? null,
    });

    const store = createTokenStore(db, sealer, credentialId, account.baseUrl);
    const user = await whoAmI(account, store, sourceDeps(cli, db), cli.signal).then(
      (answer) => answer.user,
      (error: unknown) => {
        if (error instanceof ApiError) return error;
        throw error;
      },
    );
    const known = user instanceof ApiError ? null : user;
    const connected = await settleConsent(db, {
      connection: name,
      credentialId,
      clientId,
      apiUser: known && apiUserOf(account.baseUrl, known.id),
      accounts: known?.accounts.map((each) => each.accountId) ?? [],
      seen: [config.freshbooks?.refreshToken, config.freshbooks?.accessToken].flatMap((token) =>
        token && stored.origin === 'environment' ? [createHash('sha256').update(token).digest('hex')] : [],
      ),
    });
    cli.output.write(`The consent is stored, encrypted, for ${connected.join(' and ')}.\n`);
    for (const scope of missingScopes(tokens.scope ?? ALL)) {
      cli.errors.write(
        `taskmirror: the consent lacks the scope ${scope}: add it to the OAuth application, and connect again.\n`,
      );
    }
    if (user instanceof ApiError) {
      cli.errors.write(`taskmirror: FreshBooks did not say whose consent this is: ${user.message}.\n`);
    }
    await settleAccount(stored, accountId, account.baseUrl, known);
  } finally {
    asking.close();
  }

  async function settleAccount(
    { origin, accountId: stays }: StoredAccount,
    wanted: string | null,
    address: string,
    user: FreshbooksUser | null,
  ): Promise<void> {
    const fixed = origin === 'environment' ? (config.freshbooks?.accountId ?? null) : stays;
    if (fixed !== null && wanted !== null && fixed !== wanted) {
      throw new TaskmirrorError(
        'usage',
        `${name} has the account ${fixed}: leave --account-id out, or add another connection for ${wanted}.`,
      );
    }
    if (user === null) {
      if (fixed !== null) return;
      if (wanted === null) {
        throw new TaskmirrorError(
          'failed',
          `The account of ${name} can't be looked up: connect again with --account-id ID.`,
        );
      }
    }
    const chosen = user === null ? (wanted ?? '') : await pickAccount(user, fixed ?? wanted, asking);
    if (fixed === null) {
      await refuseTwice(mirror, sealer, { address, accountId: chosen }, name);
      await chooseAccount(db, name, chosen);
    }
    cli.output.write(
      `${name} (account ${chosen}) goes on within seconds; taskmirror status shows how far it is.\n`,
    );
  }
}

/** What an answer without a scope is taken for. */
const ALL = 'user:billable_items:read user:billable_items:write user:profile:read';

async function findFreshbooks(name: string, { db, config }: Mirror): Promise<StoredAccount> {
  // The first consent may come before the first start.
  if (name === 'freshbooks' && config.freshbooks) await declareConnections(db, declarationsOf(config));
  const stored = (await readAccounts(db)).find((one) => one.name === name);
  if (stored === undefined) {
    throw new TaskmirrorError(
      'usage',
      `There is no connection ${name}: add it with taskmirror connections add ${name} --source freshbooks.`,
    );
  }
  if (stored.source === 'invoiced') {
    throw new TaskmirrorError(
      'usage',
      `${name} takes an API key and no consent: to change the key, remove the connection and add it again.`,
    );
  }
  return stored;
}

function whoseConsent(stored: StoredAccount, { config }: Mirror, sealer: Sealer): FreshbooksAccount {
  const app = appOf(stored.credential, config, sealer);
  if (app === null) throw noApp();
  const baseUrl = stored.address ?? config.freshbooks?.baseUrl;
  if (stored.origin === 'environment' && config.freshbooks === null) {
    throw new TaskmirrorError(
      'configuration',
      `${stored.name} comes from the environment of another process: set FRESHBOOKS_ACCOUNT_ID here too.`,
    );
  }
  const accountId = stored.accountId ?? config.freshbooks?.accountId ?? '';
  return { source: 'freshbooks', baseUrl: baseUrl ?? 'https://api.freshbooks.com', accountId, ...app };
}

/**
 * Finds out whose the stored consents to this application are, while their tokens work: afterwards one of them is dead, and it could
 * not be told which. What can't be found out stays unknown.
 */
async function nameUsers(
  account: FreshbooksAccount,
  { db }: Mirror,
  sealer: Sealer,
  cli: Cli,
): Promise<void> {
  for (const credential of await readCredentials(db)) {
    const { source, clientId, apiUser, problem, credentialId } = credential;
    if (source !== 'freshbooks' || clientId !== account.clientId || apiUser !== null || problem !== null)
      continue;
    const store = tokenStoreOf({ credential }, account, db, sealer);
    if (store === null) continue;
    try {
      const { user } = await whoAmI(account, store, sourceDeps(cli, db), cli.signal);
      await nameUser(db, credentialId, apiUserOf(account.baseUrl, user.id));
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NeedsConsentError)) throw error;
    }
  }
}

/** A code that does not work is the person's to mend, and nothing was lost by it. */
function inWords(error: unknown): never {
  if (error instanceof NeedsConsentError)
    throw new TaskmirrorError('failed', `${error.message}.`, { cause: error });
  if (error instanceof ApiError) {
    const secret =
      error.status === 401
        ? ' FreshBooks does not know the OAuth application, or its client secret is wrong.'
        : '';
    throw new TaskmirrorError(
      'failed',
      `The code could not be traded for tokens: ${error.message}.${secret}`,
      { cause: error },
    );
  }
  throw error;
}
