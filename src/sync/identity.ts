import { createHash } from 'node:crypto';
import { type Connection, type Identity, rememberIdentity } from '../mirror/connections.js';
import { sampleKnown } from '../mirror/tasks.js';
import { ApiError } from '../sources/http/errors.js';
import type { Account } from '../sources/index.js';
import { columnsOf } from '../sources/raw.js';
import type { RemoteTask, Source, SourceClient } from '../sources/source.js';
import type { SyncContext } from './context.js';
import { PersonNeededError } from './run.js';

/**
 * Makes sure that the account is the one that was mirrored so far. Costs nothing while address, account and key stay as they were;
 * when one of them changes, tasks that the mirror knows must be found again before anything is merged or sent.
 * Throws PersonNeededError.
 */
export async function ensureSameAccount(
  context: SyncContext,
  connection: Connection,
  source: Source,
  account: Account,
  client: SourceClient,
  signal: AbortSignal,
): Promise<void> {
  const changed = await recogniseAccount(context, connection, source, account, client, signal);
  if (changed) await rememberIdentity(context.db, connection.name, changed);
}

/** The same without remembering it: gives the identity where it is the same account under another key or address, null where nothing changed. */
export async function recogniseAccount(
  context: SyncContext,
  connection: Connection,
  source: Source,
  account: Account,
  client: SourceClient,
  signal: AbortSignal,
): Promise<Identity | null> {
  const now = identityOf(account);
  if (
    connection.account === now.account &&
    connection.baseUrl === now.baseUrl &&
    connection.keyFingerprint === now.keyFingerprint
  ) {
    return null;
  }
  if (account.source === 'freshbooks' && connection.account !== null && connection.account !== now.account) {
    throw another(
      connection.name,
      `FRESHBOOKS_ACCOUNT_ID was ${connection.account} and is now ${now.account}`,
    );
  }
  await recognise(context, connection.name, source, client, signal);
  return now;
}

const SAMPLE_EACH = 5;

async function recognise(
  { db }: SyncContext,
  name: string,
  source: Source,
  client: SourceClient,
  signal: AbortSignal,
): Promise<void> {
  const known = await sampleKnown(db, source, name, SAMPLE_EACH);
  if (known.size === 0) return;
  let found = 0;
  for (const [id, row] of known) {
    const answer = await find(client, id, signal);
    if (answer === null || row.raw === null) continue;
    const before = columnsOf(source.fields, row.raw);
    const after = columnsOf(source.fields, answer.raw);
    // A creation time never changes; where there is none, a name that stayed is the best witness.
    if ('created_at' in before && before['created_at'] !== after['created_at']) {
      throw another(name, `task ${id} was made at another time than the task ${id} known so far`);
    }
    if ('created_at' in before || before['name'] === after['name']) found++;
  }
  if (found === 0) throw another(name, `none of ${known.size} known tasks was found again`);
}

/** The task, or null where there is none, whether the API proves that or not: an empty account can't. */
async function find(client: SourceClient, id: number, signal: AbortSignal): Promise<RemoteTask | null> {
  try {
    const { answer } = await client.read(id, signal);
    return answer === 'gone' || !answer.ok ? null : answer.task;
  } catch (error) {
    if (error instanceof ApiError && error.kind === 'not-found') return null;
    throw error;
  }
}

const another = (name: string, why: string): PersonNeededError =>
  new PersonNeededError(
    `The account behind ${name} is not the one that was mirrored so far (${why}); nothing was merged or sent. ` +
      'Put the former key, account and address back, or mirror the new account into a database of its own.',
  );

function identityOf(account: Account): Identity {
  const key = account.source === 'invoiced' ? account.apiKey : account.accountId;
  const keyFingerprint = createHash('sha256').update(key).digest('hex').slice(0, 12);
  return {
    account: account.source === 'invoiced' ? `key ${keyFingerprint}` : account.accountId,
    baseUrl: account.baseUrl,
    keyFingerprint,
  };
}
