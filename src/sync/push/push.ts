import type { Connection } from '../../mirror/connections.js';
import { countDeletes, findDue, nextDue, type PendingRow } from '../../mirror/pending.js';
import { addCounts, beginRun, type Counts, leaseRemaining, noCounts } from '../../mirror/runs.js';
import { type Account, sources } from '../../sources/index.js';
import type { SyncContext } from '../context.js';
import { deletesHeldUp, isHeldUp } from '../deletions.js';
import { ensureSameAccount } from '../identity.js';
import { type RunResult, runUnderLease } from '../run.js';
import type { WorkResult } from '../work.js';
import { pushRow } from './row.js';
import { createTurns, type Sender } from './sender.js';
import { createTroubles } from './trouble.js';

/** As many rows at once as the account's budget lets through; each is in one hand only, so that its order is kept. */
const AT_ONCE = 5;
/** Enough to keep all hands busy while the next are looked up. */
const LOOK_AHEAD = 50;

/** After this long a row that somebody held locked, or kept editing, is tried again. */
const LEFT_MS = 1_000;

/** Sends the local changes that are due, row by row, in parallel. A slow or failing row does not hold up the others. */
export async function push(
  context: SyncContext,
  connection: Connection,
  account: Account,
  signal: AbortSignal,
): Promise<WorkResult> {
  if (!context.push.enabled) return { state: 'skipped', reason: 'PUSH is off' };
  const source = sources[account.source];
  const { db } = context;
  const due = await nextDue(db, source, connection.name, context.push, true);
  if (due === null) return { state: 'skipped', reason: 'nothing is pending' };
  if (due > 0) return { state: 'later', afterMs: due };

  const lease = await beginRun(db, {
    connection: connection.name,
    kind: 'push',
    lease: 'push',
    request: null,
  });
  if (lease === null) {
    return { state: 'busy', retryAfterMs: await leaseRemaining(db, connection.name, 'push') };
  }
  const client = context.open(account, 'push', connection.name);
  let counts = noCounts;
  let deletes = true;
  let left = false;
  const work = async (signal: AbortSignal): Promise<RunResult> => {
    await ensureSameAccount(context, connection, source, account, client, signal);
    const brake = await brakeOnDeletes(context, connection.name, account);
    deletes = brake === null;
    const sender: Sender = {
      context,
      source,
      connection: connection.name,
      lease,
      client,
      signal,
      troubles: createTroubles(),
      inTurn: createTurns(),
      count: (more: Partial<Counts>) => {
        counts = addCounts(counts, more);
      },
      left: () => {
        left = true;
      },
    };
    await sendAll(sender, deletes);
    return {
      outcome: brake === null ? 'ok' : 'stopped',
      counts,
      error: brake,
      cursor: null,
      pulled: false,
      problem: null,
    };
  };
  try {
    const end = await runUnderLease(context, lease, 'push', signal, () => counts, work);
    const outcome = end?.outcome ?? 'ok';
    const goesOn = outcome === 'ok' || (outcome === 'stopped' && !deletes);
    const next = goesOn ? await nextDue(db, source, connection.name, context.push, deletes) : null;
    if (next !== null) return { state: 'later', afterMs: left ? Math.max(next, LEFT_MS) : next };
    return { state: 'done', runId: lease.runId, outcome, error: end?.error ?? null };
  } finally {
    await client.close();
  }
}

/** Works through the due rows with a bounded number of hands, looking up more as they get free. */
async function sendAll(sender: Sender, deletes: boolean): Promise<void> {
  const { context, source, connection, signal } = sender;
  const busy = new Map<string, Promise<void>>();
  // A row is looked at once a run: what is edited meanwhile has its own quiet time.
  const done = new Set<string>();
  const faults: unknown[] = [];
  let queue: PendingRow[] = [];
  for (;;) {
    if (signal.aborted || faults.length > 0) break;
    if (queue.length === 0) {
      const found = await findDue(context.db, source, connection, {
        ...context.push,
        limit: LOOK_AHEAD,
        except: [...busy.keys(), ...done],
        deletes,
      });
      queue = [...found];
      if (queue.length === 0 && busy.size === 0) break;
    }
    const row = busy.size < AT_ONCE ? queue.shift() : undefined;
    if (row === undefined) {
      await Promise.race(busy.values());
      continue;
    }
    done.add(row.rowId);
    const task = pushRow(sender, row)
      .catch((error: unknown) => {
        faults.push(error);
      })
      .finally(() => busy.delete(row.rowId));
    busy.set(row.rowId, task);
  }
  await Promise.all(busy.values());
  if (faults.length > 0) throw faults[0];
  signal.throwIfAborted();
}

/** Why deletes must wait for a person; null when they may go out. */
async function brakeOnDeletes(context: SyncContext, name: string, account: Account): Promise<string | null> {
  const { deletes, active } = await countDeletes(context.db, sources[account.source], name);
  if (!isHeldUp(deletes, active, context.deleteLimit)) return null;
  return deletesHeldUp(name, deletes, active, context.deleteLimit);
}
