import type { Counts } from '../mirror/counts.js';
import { isRefusedData } from '../mirror/database.js';
import { type HeldDeletion, holdDeletions } from '../mirror/held-deletions.js';
import { asWorker, type Lease } from '../mirror/leases.js';
import {
  findById,
  findDifferent,
  type MirrorRow,
  type RowChange,
  writeMerged,
  writeNew,
} from '../mirror/tasks.js';
import { clearUnreadable, listUnreadable, reportUnreadable, type Unreadable } from '../mirror/unreadable.js';
import { columnsOf } from '../sources/raw.js';
import type { JsonObject, Observation, Page, RemoteTask, Source } from '../sources/source.js';
import type { SyncContext } from './context.js';
import { arrived, insertion, type Observed, reconcile, skewOf } from './reconcile.js';

/** Where answers are applied, and under which lease. */
export interface Target {
  readonly context: SyncContext;
  readonly source: Source;
  readonly connection: string;
  readonly lease: Lease;
  /** Under which name deletions are held back until it's known how many there are. */
  readonly holder: string;
  /** Ids that are reported as unreadable; kept up to date here. */
  readonly unreadable: Set<string>;
  /** Those of them that were met by now. */
  readonly met: Set<string>;
  /** Whether what comes is held for new, as in a first read: it is inserted without a look, and what is there already is read then. */
  readonly fresh: boolean;
  /** Batches that were begun and not yet applied: a write makes void what they saw of its tasks. */
  readonly begun: Set<Batch>;
}

/** A target of which nothing has been applied yet. */
export async function openTarget(
  context: SyncContext,
  source: Source,
  lease: Lease,
  holder: string,
  fresh = false,
): Promise<Target> {
  const { connection } = lease;
  const unreadable = await listUnreadable(context.db, connection);
  const known = new Set(unreadable.map(({ id }) => id));
  return {
    context,
    source,
    connection,
    lease,
    holder,
    unreadable: known,
    met: new Set(),
    fresh,
    begun: new Set(),
  };
}

export interface Applied {
  readonly counts: Partial<Counts>;
  /** Deletions held back: nothing was changed for them yet. */
  readonly held: number;
  /** Rows that somebody holds locked or keeps changing: the next run must see them again. */
  readonly left: number;
}

/** Pages that are merged together, and what they make of the mirror as it was when they were looked at. */
export interface Batch {
  readonly pages: readonly Page[];
  readonly fetched: number;
  readonly unreadable: readonly Unreadable[];
  readonly observed: ReadonlyMap<number, Observed>;
  /** Null where a task of it was written from an earlier batch after the look: it is looked at again. */
  plans: Promise<Plans> | null;
}

/** Merges pages into the mirror: one set-based read, and one write if anything changed. */
export const applyPages = async (target: Target, pages: readonly Page[]): Promise<Applied> =>
  applyBatch(target, await beginBatch(target, pages));

/** Looks at what the mirror holds of pages, and writes nothing: it may go on while earlier batches are applied. Apply them in order. */
export async function beginBatch(target: Target, pages: readonly Page[]): Promise<Batch> {
  // The same task on two pages: the later observation stands, and that need not be the later page's.
  const observed = new Map<number, Observed>();
  const unreadable: Unreadable[] = [];
  let fetched = 0;
  for (const page of await Promise.all(pages.map(arrived))) {
    const { tasks, requestedAt, answeredAt } = page;
    fetched += tasks.length;
    const skew = skewOf(page);
    for (const decoded of tasks) {
      if (decoded.ok) {
        const { task } = decoded;
        if (requestedAt < (observed.get(task.id)?.requestedAt ?? 0)) continue;
        observed.set(task.id, { id: task.id, task, requestedAt, answeredAt, skew });
      } else unreadable.push({ id: decoded.id ?? 'without an id', reason: decoded.reason });
    }
  }
  const plans = planFirst(target, inOrder(observed));
  const batch: Batch = { pages, fetched, unreadable, observed, plans };
  target.begun.add(batch);
  await plans;
  return batch;
}

/**
 * Writes what a batch makes of the mirror. A row that moves in between is read and merged again. Tasks that would become deleted are held
 * back; see deletions.ts.
 */
export async function applyBatch(target: Target, batch: Batch): Promise<Applied> {
  const { pages, fetched, unreadable, observed } = batch;
  target.begun.delete(batch);
  const plans = (await batch.plans) ?? undefined;
  const { counts, held, left, refused } = await mergeIn(target, inOrder(observed), { hold: true, plans });
  await keepReports(target, [...unreadable, ...refused], observed.keys());
  const failed = unreadable.length + refused.length;
  const changed = (counts.inserted ?? 0) + (counts.updated ?? 0) + (counts.deleted ?? 0);
  return {
    counts: {
      ...counts,
      pages: pages.length,
      fetched,
      failed,
      unchanged: fetched - failed - changed - held - left,
    },
    held,
    left,
  };
}

/** Two runs that insert the same tasks at once wait for each other; in one order for all, they never do so both. */
const inOrder = (observed: ReadonlyMap<number, Observed>): readonly Observed[] =>
  [...observed.values()].sort((a, b) => a.id - b.id);

/** An answer for one id, kept for later or asked for by itself. */
export interface Answer extends Observation {
  readonly id: number;
  readonly skew: number;
  readonly raw: JsonObject | 'gone';
}

/** Merges answers of which deletions may go on. */
export async function applyAnswers(target: Target, answers: readonly Answer[]): Promise<Applied> {
  const observed = answers.map(
    ({ id, raw, requestedAt, answeredAt, skew }): Observed => ({
      id,
      task: raw === 'gone' ? 'gone' : { id, raw, columns: columnsOf(target.source.fields, raw) },
      requestedAt,
      answeredAt,
      skew,
    }),
  );
  const { refused, ...applied } = await mergeIn(target, observed, { hold: false });
  await keepReports(
    target,
    refused,
    answers.map(({ id }) => id),
  );
  return { ...applied, counts: { ...applied.counts, failed: refused.length } };
}

/** Someone editing the same rows all the time must not keep a run busy for ever. */
const ROUNDS = 4;

async function mergeIn(
  target: Target,
  observed: readonly Observed[],
  { hold, plans }: { readonly hold: boolean; readonly plans?: Plans | undefined },
): Promise<Applied & { readonly refused: readonly Unreadable[] }> {
  const tally = { inserted: 0, updated: 0, deleted: 0, conflicts: 0 };
  const refused: Unreadable[] = [];
  let held = 0;
  let open = observed;
  for (let round = plans ? -1 : 0; round < ROUNDS && open.length > 0; round++) {
    const { changes, deletions } = plans && round < 0 ? plans : await plan(target, open);
    if (hold && deletions.length > 0) {
      await holdDeletions(target.context.db, target.holder, deletions.flatMap(toHeld));
      held += deletions.length;
    }
    const writes = hold ? changes : [...changes, ...deletions];
    if (writes.length === 0) return { counts: tally, held, left: 0, refused };
    const { written, unfit } = await write(target, writes);
    refused.push(...unfit);
    outdate(target.begun, written);
    for (const { change, deletes } of writes) {
      if (!written.has(change)) continue;
      if (change.row === null) tally.inserted++;
      else if (deletes) tally.deleted++;
      else tally.updated++;
      tally.conflicts += change.overruled.length;
    }
    const moved = new Set(writes.filter(({ change }) => !written.has(change)).map(({ seen }) => seen.id));
    for (const { id } of unfit) moved.delete(Number(id));
    open = open.filter(({ id }) => moved.has(id));
  }
  return { counts: tally, held, left: open.length, refused };
}

/**
 * Writes in one statement. When the database refuses the data, halves are tried, and their halves: a row that it can't hold
 * stops only itself.
 */
async function write(
  target: Target,
  writes: readonly Planned[],
): Promise<{ readonly written: ReadonlySet<RowChange>; readonly unfit: readonly Unreadable[] }> {
  const { context, source, connection, lease } = target;
  try {
    const changes = writes.map(({ change }) => change);
    const written = changes.every(({ row }) => row === null)
      ? await writeNew(context.db, source, lease, changes)
      : await asWorker(context.db, lease, (tx) => writeMerged(tx, source, connection, lease.runId, changes));
    return { written, unfit: [] };
  } catch (error) {
    const [only, ...more] = writes;
    if (only === undefined || !isRefusedData(error)) throw error;
    if (more.length === 0) {
      const reason = `the mirror can't hold it: ${error.message}`;
      return { written: new Set(), unfit: [{ id: String(only.seen.id), reason }] };
    }
    const middle = Math.ceil(writes.length / 2);
    const one = await write(target, writes.slice(0, middle));
    const other = await write(target, writes.slice(middle));
    return { written: new Set([...one.written, ...other.written]), unfit: [...one.unfit, ...other.unfit] };
  }
}

interface Planned {
  readonly change: RowChange;
  readonly seen: Observed;
  /** Whether an active row becomes deleted by the API's doing. */
  readonly deletes: boolean;
}

interface Plans {
  readonly changes: readonly Planned[];
  readonly deletions: readonly Planned[];
}

async function plan(target: Target, observed: readonly Observed[]): Promise<Plans> {
  const { context, source, connection } = target;
  const present: RemoteTask[] = [];
  const gone: number[] = [];
  for (const { id, task } of observed) {
    if (task === 'gone') gone.push(id);
    else present.push(task);
  }
  const different = present.length > 0 ? await findDifferent(context.db, source, connection, present) : NONE;
  const vanished = gone.length > 0 ? await findById(context.db, source, connection, gone) : NONE;

  const planned: Planned[] = [];
  for (const seen of observed) {
    const row = (seen.task === 'gone' ? vanished : different).get(seen.id);
    if (row === undefined) continue;
    const change = row === null ? insertion(seen) : reconcile(source, context.policy, row, seen);
    if (change === null) continue;
    const deletes = row !== null && row.columns['vis_state'] !== 1 && change.columns['vis_state'] === 1;
    planned.push({ change, seen, deletes });
  }
  return {
    changes: planned.filter(({ deletes }) => !deletes),
    deletions: planned.filter(({ deletes }) => deletes),
  };
}

const planFirst = async (target: Target, observed: readonly Observed[]): Promise<Plans> =>
  target.fresh ? takenForNew(observed) : plan(target, observed);

/** What was begun meanwhile may have read the rows before they were written. */
function outdate(begun: ReadonlySet<Batch>, written: ReadonlySet<RowChange>): void {
  for (const batch of begun) {
    for (const { id } of written) if (id !== null && batch.observed.has(id)) batch.plans = null;
  }
}

/** All as insertions. The database refuses those whose id has a row or is retired; they are read in the next round. */
function takenForNew(observed: readonly Observed[]): Plans {
  const changes = observed.flatMap((seen): readonly Planned[] => {
    const change = insertion(seen);
    return change === null ? [] : [{ change, seen, deletes: false }];
  });
  return { changes, deletions: [] };
}

const NONE: ReadonlyMap<number, MirrorRow | null> = new Map();

function toHeld({ seen }: Planned): readonly HeldDeletion[] {
  const { id, task, requestedAt, answeredAt, skew } = seen;
  return task === 'gone' ? [] : [{ id, raw: task.raw, requestedAt, answeredAt, skew }];
}

/** Reports what can't be read, and takes back the reports of what now can. */
async function keepReports(
  { context, connection, unreadable: known, met }: Target,
  unreadable: readonly Unreadable[],
  seen: Iterable<number>,
): Promise<void> {
  const failing = new Set(unreadable.map(({ id }) => id));
  if (unreadable.length > 0) {
    await reportUnreadable(context.db, connection, unreadable);
    for (const { id, reason } of unreadable) {
      if (!known.has(id)) context.log.warn({ connection, task: id, reason }, 'a task can not be mirrored');
      known.add(id);
      met.add(id);
    }
  }
  if (known.size === 0) return;
  const healed = [...seen].map(String).filter((id) => !failing.has(id) && known.delete(id));
  if (healed.length > 0) await clearUnreadable(context.db, connection, healed);
}
