import { addCounts, type Counts, noCounts } from '../mirror/counts.js';
import { countHeld, findHeld, forgetHeld } from '../mirror/held-deletions.js';
import { countActive } from '../mirror/walks.js';
import { ApiError } from '../sources/index.js';
import type { SourceClient } from '../sources/source.js';
import { applyAnswers } from './apply.js';
import { skewOf } from './reconcile.js';
import type { Target } from './target.js';

/** Ids that may have been deleted at the API. Absence and hints are never proof. */
export interface Candidates {
  readonly count: number;
  /** Candidates above `after`, in order. */
  next(after: number): Promise<readonly number[]>;
}

export interface DeletionsEnd {
  readonly counts: Counts;
  /** Why nothing was deleted; null when the brake let it pass. */
  readonly stopped: string | null;
  readonly left: number;
  /** Candidates of which the API would not say whether they are gone. */
  readonly unsure: readonly string[];
}

/** So many are never held up. */
export const ALWAYS_ALLOWED = 10;

/**
 * Ends a run's deletions: those that the API told of and that were held back, and candidates, each of which the API is asked
 * for first. More than DELETE_LIMIT allows stop before the first one, unless `force`: what was held back is to be forgotten when the run has ended so,
 * and not before, or one that dies in between would go on without it.
 */
export async function settleDeletions(
  target: Target,
  client: SourceClient,
  candidates: Candidates,
  { force, held, signal }: { readonly force: boolean; readonly held: boolean; readonly signal: AbortSignal },
): Promise<DeletionsEnd> {
  const { db, deleteLimit } = target.context;
  const total = candidates.count + (held ? await countHeld(db, target.holder) : 0);
  const end = { counts: noCounts, stopped: null, left: 0, unsure: [] };
  if (total === 0) return end;
  // What is never held up is not worth counting a whole account for.
  const active = total > ALWAYS_ALLOWED ? await countActive(db, target.source, target.connection) : 0;
  if (!force && isHeldUp(total, active, deleteLimit)) {
    return { ...end, stopped: brake(target.connection, total, active, deleteLimit) };
  }
  const told = held ? await applyHeld(target, signal) : { counts: noCounts, left: 0 };
  const asked = await confirm(target, client, candidates, signal);
  return {
    counts: addCounts(told.counts, asked.counts),
    stopped: null,
    left: told.left + asked.left,
    unsure: asked.unsure,
  };
}

/** Whether so many deletions at once wait for a person. */
export const isHeldUp = (total: number, active: number, limit: number): boolean =>
  total > ALWAYS_ALLOWED && total > limit * active;

const share = (total: number, active: number, limit: number): string =>
  `${total} of ${active} active tasks (${active === 0 ? 100 : Math.round((total / active) * 100)}%), more than DELETE_LIMIT (${Number((limit * 100).toFixed(2))}%) allows at once`;

const brake = (connection: string, total: number, active: number, limit: number): string =>
  `${share(total, active, limit)}, look deleted at the API; none was deleted here. ` +
  `If they really are gone, run: taskmirror resync --connection ${connection} --full --force`;

/** Says of deletes made here why they wait. */
export const deletesHeldUp = (connection: string, total: number, active: number, limit: number): string =>
  `${share(total, active, limit)}, were deleted here; none of these deletes was sent. ` +
  `If they are meant, run: taskmirror resync --connection ${connection} --force; if not, set vis_state back to 0`;

const BATCH = 500;

async function applyHeld(target: Target, signal: AbortSignal): Promise<{ counts: Counts; left: number }> {
  let counts = noCounts;
  let left = 0;
  for (let after = 0; ; ) {
    signal.throwIfAborted();
    const batch = await findHeld(target.context.db, target.holder, after, BATCH);
    const last = batch.at(-1);
    if (last === undefined) break;
    const applied = await applyAnswers(target, batch);
    counts = addCounts(counts, applied.counts);
    left += applied.left;
    after = last.id;
  }
  await forgetHeld(target.context.db, target.holder);
  return { counts, left };
}

async function confirm(
  target: Target,
  client: SourceClient,
  candidates: Candidates,
  signal: AbortSignal,
): Promise<{ counts: Counts; left: number; unsure: readonly string[] }> {
  let counts = noCounts;
  let left = 0;
  const unsure: string[] = [];
  for (let after = 0; candidates.count > 0; ) {
    const ids = await candidates.next(after);
    const last = ids.at(-1);
    if (last === undefined) break;
    const answers = await askAll(client, ids, signal);
    unsure.push(...answers.flatMap((answer) => ('unsure' in answer ? [answer.unsure] : [])));
    const applied = await applyAnswers(
      target,
      answers.flatMap((answer) => ('unsure' in answer ? [] : [answer])),
    );
    counts = addCounts(counts, applied.counts);
    left += applied.left;
    after = last;
  }
  return { counts, left, unsure };
}

/** Asks for all at once. An API in trouble ends the others' asking too, and nothing is left under way. */
async function askAll(client: SourceClient, ids: readonly number[], signal: AbortSignal) {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const asking = ids.map((id) => ask(client, id, either));
  try {
    return await Promise.all(asking);
  } finally {
    stop.abort();
    await Promise.allSettled(asking);
  }
}

async function ask(client: SourceClient, id: number, signal: AbortSignal) {
  try {
    const seen = await client.read(id, signal);
    const { answer, requestedAt, answeredAt } = seen;
    const skew = skewOf(seen);
    if (answer === 'gone') return { id, requestedAt, answeredAt, skew, raw: 'gone' as const };
    if (!answer.ok) return { unsure: `task ${id} is there but can't be mirrored (${answer.reason})` };
    return { id, requestedAt, answeredAt, skew, raw: answer.task.raw };
  } catch (error) {
    // One id that the API won't speak of must not stop the others; an API in trouble ends the run.
    if (error instanceof ApiError && ABOUT_THIS_ID.has(error.kind)) return { unsure: error.message };
    throw error;
  }
}

const ABOUT_THIS_ID = new Set(['not-found', 'invalid', 'conflict', 'unreadable']);
