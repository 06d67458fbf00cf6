import { type Packed, packNew } from '../mirror/new-tasks.js';
import { findById, findDifferent, type MirrorRow, type RowChange } from '../mirror/tasks.js';
import type { Unreadable } from '../mirror/unreadable.js';
import type { Page, RemoteTask, Source } from '../sources/source.js';
import { arrived, insertion, type Observed, reconcile, skewOf } from './reconcile.js';
import type { Look, Target } from './target.js';

/** Pages that are merged together, and what they make of the mirror as it was when they were looked at. */
export interface Batch extends Look {
  readonly pages: readonly Page[];
  readonly fetched: number;
  readonly unreadable: readonly Unreadable[];
  /** In the order of their ids, one for each. */
  readonly observed: readonly Observed[];
  /** Null where a task of it was written after the look: it is looked at again. */
  plans(): Promise<Plans> | null;
}

export interface Plans {
  readonly changes: readonly Planned[];
  readonly deletions: readonly Planned[];
  /** The same changes in their order as they are sent, in parts, where all were taken for new without a look. */
  readonly packed?: readonly Packed[];
}

export interface Planned {
  readonly change: RowChange;
  readonly seen: Observed;
  /** Whether an active row becomes deleted by the API's doing. */
  readonly deletes: boolean;
}

/**
 * Looks at what the mirror holds of pages, or packs them as new tasks in a first read. Writes nothing, so that it may go on while earlier
 * batches are applied. Apply them in order.
 */
export async function beginBatch(target: Target, pages: readonly Page[]): Promise<Batch> {
  const { observed, unreadable, fetched } = await observe(pages);
  const ordered = inOrder(observed);
  let plans: Promise<Plans> | null = target.fresh
    ? Promise.resolve(takenForNew(target.source, ordered))
    : plan(target, ordered);
  const batch: Batch = {
    pages,
    fetched,
    unreadable,
    observed: ordered,
    plans: () => plans,
    outdate: (written) => {
      for (const id of written) if (observed.has(id)) plans = null;
    },
  };
  // What was taken for new rests on no look: the database refuses what it has by then.
  if (!target.fresh) target.looks.add(batch);
  await plans;
  return batch;
}

async function observe(pages: readonly Page[]) {
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
  return { observed, unreadable, fetched };
}

/** Two runs that insert the same tasks at once wait for each other; in one order for all, they never do so both. */
const inOrder = (observed: ReadonlyMap<number, Observed>): readonly Observed[] =>
  [...observed.values()].sort((a, b) => a.id - b.id);

/** Reads what the mirror holds otherwise, and merges it. */
export async function plan(target: Target, observed: readonly Observed[]): Promise<Plans> {
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

/** All as insertions. The database refuses those whose id has a row or is retired; they are read in the next round. */
function takenForNew(source: Source, observed: readonly Observed[]): Plans {
  const changes = observed.flatMap((seen): readonly Planned[] => {
    const change = insertion(seen);
    return change === null ? [] : [{ change, seen, deletes: false }];
  });
  const all = changes.map(({ change }) => change);
  const size = Math.ceil(all.length / AT_ONCE);
  const packed: Packed[] = [];
  for (let at = 0; at < all.length; at += size) packed.push(packNew(source, all.slice(at, at + size)));
  return { changes, deletions: [], packed };
}

/** In so many parts a batch of new tasks is written: two keep PostgreSQL busier than one, three no more than two (`npm run bench -- apply`). */
const AT_ONCE = 2;

const NONE: ReadonlyMap<number, MirrorRow | null> = new Map();
