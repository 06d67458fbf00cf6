import type { Connection } from '../../mirror/connections.js';
import { addCounts, type Counts, noCounts } from '../../mirror/counts.js';
import { leaseRemaining } from '../../mirror/leases.js';
import { countDeletes, findDue, nextDue, type PendingRow } from '../../mirror/pending.js';
import { beginRun, findLastRun, type RunEnd } from '../../mirror/runs.js';
import type { Runtime } from '../../runtime.js';
import { type Account, sources } from '../../sources/index.js';
import type { Source } from '../../sources/source.js';
import type { SyncContext } from '../context.js';
import { ALWAYS_ALLOWED, deletesHeldUp, isHeldUp } from '../deletions.js';
import { ensureSameAccount } from '../identity.js';
import { runUnderLease } from '../run.js';
import type { WorkResult } from '../work.js';
import { pushRow } from './row.js';
import { createTurns, type Sender } from './sender.js';
import { createTroubles } from './trouble.js';

/**
 * Rows in hand at once, each in one hand only, so that its order is kept. More than the account's budget of requests in flight, so that
 * its turns are used while other hands are busy with the database.
 */
const AT_ONCE = 8;
/** Enough to keep all hands busy while the next are looked up. */
const LOOK_AHEAD = 50;

/** After this long a row that somebody held locked, or kept editing, is tried again. */
const LEFT_MS = 1_000;

/** Longer runs end and begin anew, so that what they did stands in `sync.runs`. */
const LONGEST_RUN_MS = 60_000;
/** While a slow row is waited for, edits made meanwhile are looked for so often. */
const LOOK_MS = 200;

/**
 * Sends the local changes that are due, row by row, in parallel. A slow or failing row does not hold up the others. What was
 * committed while a run was ending is sent by another one at once: to ask the queue for it would cost its delay.
 */
export async function push(
  context: SyncContext,
  connection: Connection,
  account: Account,
  signal: AbortSignal,
): Promise<WorkResult> {
  const until = context.runtime.now() + LONGEST_RUN_MS;
  for (;;) {
    const result = await pushOnce(context, connection, account, signal);
    const again = result.state === 'later' && result.afterMs <= 0;
    if (!again || signal.aborted || context.runtime.now() > until) return result;
  }
}

async function pushOnce(
  context: SyncContext,
  connection: Connection,
  account: Account,
  signal: AbortSignal,
): Promise<WorkResult> {
  if (!context.push.enabled) return { state: 'skipped', reason: 'PUSH is off' };
  const source = sources[account.source];
  const { db } = context;
  const { name } = connection;
  const due = await nextDue(db, source, name, context.push, true);
  if (due === null) return { state: 'skipped', reason: 'nothing is pending' };
  if (due > 0) return { state: 'later', afterMs: due };
  if (await waitsForPerson(context, source, name))
    return { state: 'skipped', reason: 'its deletes wait for a person' };

  const lease = await beginRun(db, { connection: name, kind: 'push', lease: 'push', request: null });
  if (lease === null) return { state: 'busy', retryAfterMs: await leaseRemaining(db, name, 'push') };
  const client = context.open(account, 'push', name);
  let counts = noCounts;
  let brake: string | null = null;
  let left = false;
  const work = async (signal: AbortSignal): Promise<RunEnd> => {
    await ensureSameAccount(context, connection, source, account, client, signal);
    const sender: Sender = {
      context,
      source,
      connection: name,
      lease,
      client,
      signal,
      troubles: createTroubles(),
      looks: { last: null },
      inTurn: createTurns(),
      count: (more: Partial<Counts>) => {
        counts = addCounts(counts, more);
      },
      left: () => {
        left = true;
      },
    };
    brake = await sendAll(sender);
    const outcome = brake === null ? 'ok' : 'stopped';
    return { outcome, counts, error: brake, cursor: null, pulled: false, problem: null };
  };
  try {
    const end = await runUnderLease(context, lease, 'push', signal, () => counts, work);
    const outcome = end?.outcome ?? 'ok';
    const goesOn = outcome === 'ok' || outcome === 'stopped';
    const next = goesOn ? await nextDue(db, source, name, context.push, brake === null) : null;
    if (next !== null) return { state: 'later', afterMs: left ? Math.max(next, LEFT_MS) : next };
    return { state: 'done', runId: lease.runId, outcome, error: end?.error ?? null };
  } finally {
    await client.close();
  }
}

/** Works through the due rows with a bounded number of hands. Gives why deletes wait for a person, if they do. */
async function sendAll(sender: Sender): Promise<string | null> {
  const { context, source, connection, signal } = sender;
  const { runtime } = context;
  const until = runtime.now() + LONGEST_RUN_MS;
  const busy = new Map<string, Promise<void>>();
  // What was just worked on and is due again, since somebody holds it locked, say, is not taken up at once.
  const rested = new Map<string, number>();
  const faults: unknown[] = [];
  let queue: readonly DueRow[] = [];
  let brake: string | null = null;
  while (!signal.aborted && faults.length === 0) {
    if (queue.length === 0 && busy.size < AT_ONCE && runtime.now() < until) {
      for (const [rowId, since] of rested) if (runtime.now() - since > LEFT_MS) rested.delete(rowId);
      const judged = brake !== null;
      const found = await findDue(context.db, source, connection, {
        ...context.push,
        limit: LOOK_AHEAD,
        except: [...busy.keys(), ...rested.keys()],
        deletes: !judged,
      });
      // Judged after they were found: so it counts them all, and any that come later wait for the next judgement.
      if (!judged && found.some(isDelete)) brake = await judgeDeletes(context, source, connection);
      // What is still found after that, and was deleted before its task was made, deletes none.
      queue = found.flatMap((row) => {
        const held = isDelete(row) && brake !== null;
        return held && !judged ? [] : [{ row, mayDelete: isDelete(row) && !held }];
      });
      // They were nothing but deletes that must wait: what is due behind them goes on.
      if (queue.length === 0 && found.length > 0) continue;
    }
    const [next, ...others] = queue;
    if (next === undefined && busy.size === 0) break;
    if (next === undefined || busy.size >= AT_ONCE) {
      await oneEnds(busy, runtime, signal);
      continue;
    }
    queue = others;
    const { rowId } = next.row;
    const task = pushRow(sender, next.row, next.mayDelete)
      .catch((error: unknown) => {
        faults.push(error);
      })
      .finally(() => {
        busy.delete(rowId);
        rested.set(rowId, runtime.now());
      });
    busy.set(rowId, task);
  }
  await Promise.all(busy.values());
  if (faults.length > 0) throw faults[0];
  signal.throwIfAborted();
  return brake;
}

interface DueRow {
  readonly row: PendingRow;
  /** Whether it was deleted here when it was found, and the brake has let that pass. */
  readonly mayDelete: boolean;
}

const isDelete = ({ columns }: PendingRow): boolean => columns['vis_state'] === 1;

/** Waits for a hand to get free; with one free already, no longer than until the next look for due rows. */
async function oneEnds(
  busy: ReadonlyMap<string, Promise<void>>,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const timer =
    busy.size < AT_ONCE
      ? [runtime.sleep(LOOK_MS, AbortSignal.any([signal, over.signal])).catch(() => {})]
      : [];
  await Promise.race([...busy.values(), ...timer]);
  over.abort();
}

/** Why the deletes that are pending now must wait for a person; null when they may go out. */
async function judgeDeletes(context: SyncContext, source: Source, name: string): Promise<string | null> {
  const { deletes, active } = await countDeletes(context.db, source, name, ALWAYS_ALLOWED);
  if (!isHeldUp(deletes, active, context.deleteLimit)) return null;
  return deletesHeldUp(name, deletes, active, context.deleteLimit);
}

/** Whether nothing is due but deletes that the last run has stopped at, and said so. */
async function waitsForPerson(context: SyncContext, source: Source, name: string): Promise<boolean> {
  const others = await nextDue(context.db, source, name, context.push, false);
  if (others !== null && others <= 0) return false;
  const last = await findLastRun(context.db, name, 'push');
  if (last?.outcome !== 'stopped') return false;
  return (await judgeDeletes(context, source, name)) === last.error;
}
