import type { Counts } from '../mirror/counts.js';
import { isRefusedData } from '../mirror/database.js';
import { type HeldDeletion, holdDeletions } from '../mirror/held-deletions.js';
import { asWorker } from '../mirror/leases.js';
import { type Packed, packNew, writeNew } from '../mirror/new-tasks.js';
import { type RowChange, writeMerged } from '../mirror/tasks.js';
import { clearUnreadable, reportUnreadable, type Unreadable } from '../mirror/unreadable.js';
import { columnsOf } from '../sources/raw.js';
import type { JsonObject, Observation, Page } from '../sources/source.js';
import { type Batch, beginBatch, type Planned, type Plans, plan } from './batch.js';
import type { Observed } from './reconcile.js';
import type { Target } from './target.js';

export interface Applied {
  readonly counts: Partial<Counts>;
  /** Deletions held back: nothing was changed for them yet. */
  readonly held: number;
  /** Rows that somebody holds locked or keeps changing: the next run must see them again. */
  readonly left: number;
}

/** Merges pages into the mirror: one set-based read, and one write if anything changed. */
export const applyPages = async (target: Target, pages: readonly Page[]): Promise<Applied> =>
  applyBatch(target, await beginBatch(target, pages));

/**
 * Writes what a batch makes of the mirror. A row that moves in between is read and merged again. Tasks that would become deleted are held
 * back; see deletions.ts.
 */
export async function applyBatch(target: Target, batch: Batch): Promise<Applied> {
  const { pages, fetched, unreadable, observed } = batch;
  target.looks.delete(batch);
  const plans = (await batch.plans()) ?? undefined;
  const { counts, held, left, refused } = await mergeIn(target, observed, { hold: true, plans });
  await keepReports(
    target,
    [...unreadable, ...refused],
    observed.map(({ id }) => id),
  );
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
    const { changes, deletions, packed } = plans && round < 0 ? plans : await plan(target, open);
    if (hold && deletions.length > 0) {
      await holdDeletions(target.context.db, target.holder, deletions.flatMap(toHeld));
      held += deletions.length;
    }
    const writes = hold ? changes : [...changes, ...deletions];
    if (writes.length === 0) return { counts: tally, held, left: 0, refused };
    const { written, unfit } = await writeParts(target, writes, packed);
    refused.push(...unfit);
    outdate(target, written);
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

interface Written {
  readonly written: ReadonlySet<RowChange>;
  readonly unfit: readonly Unreadable[];
}

/**
 * Writes parts that were packed apart at the same time. They share no task, so that none of them waits for another; one that fails is told when all
 * have ended.
 */
async function writeParts(
  target: Target,
  writes: readonly Planned[],
  packed?: readonly Packed[],
): Promise<Written> {
  if (packed === undefined) return write(target, writes);
  let at = 0;
  const parts = packed.map((part) => {
    const from = at;
    at += part.changes.length;
    return write(target, writes.slice(from, at), part);
  });
  const ended = await Promise.allSettled(parts);
  return both(
    ended.map((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value;
    }),
  );
}

const both = (parts: readonly Written[]): Written => ({
  written: new Set(parts.flatMap(({ written }) => [...written])),
  unfit: parts.flatMap(({ unfit }) => unfit),
});

/**
 * Writes in one statement. When the database refuses the data, halves are tried, and their halves: a row that it can't hold
 * stops only itself.
 */
async function write(target: Target, writes: readonly Planned[], packed?: Packed): Promise<Written> {
  const { context, source, connection, lease } = target;
  try {
    const changes = writes.map(({ change }) => change);
    const written = changes.every(({ row }) => row === null)
      ? await writeNew(context.db, source, lease, packed ?? packNew(source, changes))
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
    return both([await write(target, writes.slice(0, middle)), await write(target, writes.slice(middle))]);
  }
}

/** What was looked at meanwhile may have been seen before it was written. */
function outdate({ looks }: Target, written: ReadonlySet<RowChange>): void {
  if (looks.size === 0) return;
  const ids = new Set([...written].flatMap(({ id }) => (id === null ? [] : [id])));
  for (const look of looks) look.outdate(ids);
}

function toHeld({ seen }: Planned): readonly HeldDeletion[] {
  const { id, task, requestedAt, answeredAt, skew } = seen;
  return task === 'gone' ? [] : [{ id, raw: task.raw, requestedAt, answeredAt, skew }];
}

/** Reports what can't be read, and takes back the reports of what now can. */
async function keepReports(
  { context, connection, unreadable: known, met }: Target,
  unreadable: readonly Unreadable[],
  seen: readonly number[],
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
  const healed = seen.map(String).filter((id) => !failing.has(id) && known.delete(id));
  if (healed.length > 0) await clearUnreadable(context.db, connection, healed);
}
