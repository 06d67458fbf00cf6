import { parseBaseUrl } from '../../config/address.js';
import { accountOf, environmentNames, packApiKey } from '../../daemon/accounts.js';
import { TaskmirrorError } from '../../errors.js';
import { readAccounts } from '../../mirror/accounts.js';
import { addConnection, insertCredential, makeCredentialId } from '../../mirror/add-connection.js';
import type { Sealer } from '../../mirror/sealing.js';
import { ApiError, type InvoicedAccount, openSource } from '../../sources/index.js';
import { probe } from '../../sources/probe.js';
import { openAsking, readSecret } from '../ask.js';
import type { Cli } from '../cli.js';
import type { Mirror } from '../mirror.js';
import { sourceDeps } from './source-deps.js';
import { taken } from './vault.js';

export interface AddInvoiced {
  readonly keyFile?: string;
  readonly baseUrl?: string;
  readonly check: boolean;
}

/** Adds an Invoiced account by its API key, after one read with it. Gives what a person is told. */
export async function addInvoiced(
  name: string,
  { keyFile, baseUrl = 'https://api.invoiced.com', check }: AddInvoiced,
  { db, config }: Mirror,
  sealer: Sealer,
  cli: Cli,
): Promise<string> {
  const address = parseBaseUrl('--base-url', baseUrl);
  const asking = openAsking(cli);
  const apiKey = await readSecret(asking, keyFile, 'the API key').finally(asking.close);
  const account: InvoicedAccount = { source: 'invoiced', baseUrl: address, apiKey };
  for (const stored of await readAccounts(db)) {
    const other = accountOf(stored, config, sealer);
    if (other?.source === 'invoiced' && other.apiKey === apiKey && other.baseUrl === address) {
      throw new TaskmirrorError(
        'usage',
        `The connection ${stored.name} has this key already: nothing was added.`,
      );
    }
  }
  if (environmentNames(config).includes('invoiced') && config.invoiced?.apiKey === apiKey) {
    throw new TaskmirrorError('usage', 'The connection invoiced has this key already: nothing was added.');
  }
  if (check) await tryKey(account, cli);
  const credentialId = makeCredentialId(name);
  const { pollEvery, sweepEvery } = config;
  await db.transaction(async (tx) => {
    const sealed = sealer.seal(packApiKey(apiKey));
    await insertCredential(tx, {
      credentialId,
      source: 'invoiced',
      clientId: '',
      sealed,
      problem: null,
      redirectUri: null,
      sealedClientSecret: null,
    });
    const connection = { name, source: 'invoiced', address, accountId: null, credentialId } as const;
    if (!(await addConnection(tx, { ...connection, pollEvery, sweepEvery, problem: null })))
      throw taken(name);
  });
  return `${name} is added: running workers begin to read it within seconds; taskmirror status shows how far they are.`;
}

async function tryKey(account: InvoicedAccount, cli: Cli): Promise<void> {
  const client = openSource(account, sourceDeps(cli, null));
  try {
    await probe(client, cli.runtime.now(), cli.signal);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const away = error.status === null ? ', or add it unchecked with --no-check' : '';
    throw new TaskmirrorError('failed', `Nothing was added: ${error.message}${away}.`, { cause: error });
  } finally {
    await client.close();
  }
}
