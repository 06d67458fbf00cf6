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
import type { JsonObject, Observation, Page, Source } from '../sources/source.js';
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
  return { context, source, connection, lease, holder, unreadable: known, met: new Set(), fresh };
}

export interface Applied {
  readonly counts: Partial<Counts>;
  /** Deletions held back: nothing was changed for them yet. */
  readonly held: number;
  /** Rows that somebody holds locked or keeps changing: the next run must see them again. */
  readonly left: number;
}

/**
 * Merges pages into the mirror: one set-based read, and one write if anything changed. A row that moves in between is
 * read and merged again. Tasks that would become deleted are held back; see deletions.ts.
 */
export async function applyPages(target: Target, pages: readonly Page[]): Promise<Applied> {
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
  const { counts, held, left, refused } = await mergeIn(target, inOrder(observed), { hold: true });
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
  { hold }: { readonly hold: boolean },
): Promise<Applied & { readonly refused: readonly Unreadable[] }> {
  const tally = { inserted: 0, updated: 0, deleted: 0, conflicts: 0 };
  const refused: Unreadable[] = [];
  let held = 0;
  let open = observed;
  for (let round = hold && target.fresh ? -1 : 0; round < ROUNDS && open.length > 0; round++) {
    const { changes, deletions } = round < 0 ? takenForNew(open) : await plan(target, open);
    if (hold && deletions.length > 0) {
      await holdDeletions(target.context.db, target.holder, deletions.flatMap(toHeld));
      held += deletions.length;
    }
    const writes = hold ? changes : [...changes, ...deletions];
    if (writes.length === 0) return { counts: tally, held, left: 0, refused };
    const { written, unfit } = await write(target, writes);
    refused.push(...unfit);
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
  const present = observed.flatMap(({ task }) => (task === 'gone' ? [] : [task]));
  const gone = observed.flatMap(({ id, task }) => (task === 'gone' ? [id] : []));
  const different = present.length > 0 ? await findDifferent(context.db, source, connection, present) : NONE;
  const vanished = gone.length > 0 ? await findById(context.db, source, connection, gone) : NONE;

  const planned = observed.flatMap((seen): readonly Planned[] => {
    const row = (seen.task === 'gone' ? vanished : different).get(seen.id);
    if (row === undefined) return [];
    const change = row === null ? insertion(seen) : reconcile(source, context.policy, row, seen);
    if (change === null) return [];
    const deletes = row !== null && row.columns['vis_state'] !== 1 && change.columns['vis_state'] === 1;
    return [{ change, seen, deletes }];
  });
  return {
    changes: planned.filter(({ deletes }) => !deletes),
    deletions: planned.filter(({ deletes }) => deletes),
  };
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
