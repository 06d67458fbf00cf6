import { crossOver } from '../links/cross-over.js';
import { type Connection, findConnection } from '../mirror/connections.js';
import { type Account, sources } from '../sources/index.js';
import type { SyncContext } from './context.js';
import { poll } from './poll.js';
import { push } from './push/push.js';
import { takeWalk } from './take-walk.js';
import { walkSlice } from './walk.js';
import type { Perform, Work, WorkProgress, WorkResult } from './work.js';

/** Does the work that jobs ask for. */
export function createPerform(context: SyncContext): Perform {
  return async (work, signal, onProgress) => {
    const connection = await findConnection(context.db, work.connection);
    if (connection === null) return { state: 'skipped', reason: 'there is no such connection' };
    if (connection.paused) return { state: 'skipped', reason: 'it is paused' };
    if (connection.strayed) return { state: 'skipped', reason: 'the database was restored from a copy' };
    if (connection.unchosen) return { state: 'skipped', reason: 'nobody has consented yet' };
    const account = context.account(connection.name);
    if (account === null) return { state: 'elsewhere' };
    const result = await doWork(context, connection, account, work, signal, onProgress);
    // What it has changed may concern a linked task. A mirror that sends nothing is left as the APIs have it.
    if (connection.linked && context.push.enabled && ranAtAll(result)) await crossOver(context, signal);
    return result;
  };
}

const ranAtAll = ({ state }: WorkResult): boolean =>
  state === 'done' || state === 'continue' || state === 'later';

async function doWork(
  context: SyncContext,
  connection: Connection,
  account: Account,
  work: Work,
  signal: AbortSignal,
  onProgress: (progress: WorkProgress) => void,
): Promise<WorkResult> {
  switch (work.kind) {
    case 'poll':
      return poll(context, connection, account, work.request ?? null, signal, onProgress);
    case 'walk':
      return walk(context, connection, account, work, signal, onProgress);
    case 'push':
      return push(context, connection, account, signal);
  }
}

async function walk(
  context: SyncContext,
  connection: Connection,
  account: Account,
  work: Work,
  signal: AbortSignal,
  onProgress: (progress: WorkProgress) => void,
): Promise<WorkResult> {
  const request = work.request ?? null;
  const taken = await takeWalk(context, work, sources[account.source]);
  if ('state' in taken) return taken;
  const end = await walkSlice(context, connection, account, taken.walk, taken.lease, signal, onProgress);
  if (end === null) return { state: 'continue' };

  const { followed, outcome, error } = end;
  if (!taken.mine || (followed && request === null)) return { state: 'continue' };
  return { state: 'done', runId: taken.lease.runId, outcome, error };
}
