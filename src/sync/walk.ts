import type { Connection } from '../mirror/connections.js';
import { addCounts, noCounts } from '../mirror/counts.js';
import { databaseNow, type Executor } from '../mirror/database.js';
import { type Lease, LeaseLostError } from '../mirror/leases.js';
import type { RunEnd } from '../mirror/runs.js';
import { clearVanished } from '../mirror/unreadable.js';
import {
  closeWalk,
  countAbsent,
  findAbsent,
  findWalk,
  openWalk,
  stepWalk,
  type Walk,
  walkIsWhole,
  yieldWalk,
} from '../mirror/walks.js';
import { type Account, sources } from '../sources/index.js';
import type { Page, Position, Source } from '../sources/source.js';
import { applyBatch } from './apply.js';
import { beginBatch } from './batch.js';
import { beginAhead } from './begin-ahead.js';
import type { SyncContext } from './context.js';
import { settleDeletions } from './deletions.js';
import { ensureSameAccount } from './identity.js';
import { unsure, waiting } from './poll.js';
import { prefetch } from './prefetch.js';
import { type RunLog, runUnderLease } from './run.js';
import { openTarget } from './target.js';
import type { WorkProgress } from './work.js';

/** How many pages are merged together at most. With those under way there are as many in memory for each batch ahead, and twice more. */
const MOST_PAGES = 12;
/**
 * How many batches are begun while the one before them is written, and its place kept. To write a first read's takes longer than to pack
 * it, so that one keeps PostgreSQL at work (`npm run bench -- apply`, `memory`).
 */
const MOST_AHEAD = { fresh: 1, known: 2 };
const CONFIRM_AT_ONCE = 50;
/** To find the absent reads the whole table: so many are found at a time. */
const ABSENT_AT_ONCE = 5_000;

/**
 * One slice of a walk over everything (the whole of it, where pages must be read in one go): pages from where it stands are merged, and at the end whatever the mirror holds and the
 * walk did not meet is looked at. One that breaks off stays, so that the next one can go on from its place. Null when there is more to walk; else how
 * it ended, and whether a sweep is to follow it.
 */
export async function walkSlice(
  context: SyncContext,
  connection: Connection,
  account: Account,
  walk: Walk,
  lease: Lease,
  signal: AbortSignal,
  onProgress: (progress: WorkProgress) => void,
): Promise<(RunLog & { readonly followed: boolean }) | null> {
  const source = sources[account.source];
  const client = context.open(account, 'walk', connection.name);
  const until = context.runtime.now() + context.walkSliceMs;
  let counts = noCounts;
  let seen = { pages: 0, rows: 0 };
  let followed = false;
  const lost = () => new LeaseLostError(`the lease on ${connection.name}'s walk was lost`);

  const work = async (signal: AbortSignal): Promise<RunEnd | null> => {
    await ensureSameAccount(context, connection, source, account, client, signal);
    const fresh = walk.kind === 'read';
    const target = await openTarget(context, source, lease, walk.walkId, fresh);
    let left = walk.passedOver;
    let behind = 0;
    if (walk.batches === 0 || walk.position !== null) {
      const place: Position | null = walk.position;
      const batches = (signal: AbortSignal) =>
        prefetch(
          (signal) => client.walk(place, signal),
          { most: MOST_PAGES, runtime: context.runtime },
          signal,
        );
      const begin = (pages: readonly Page[]) => beginBatch(target, pages);
      const ahead = fresh ? MOST_AHEAD.fresh : MOST_AHEAD.known;
      for await (const batch of beginAhead(batches, begin, ahead, signal)) {
        const { pages } = batch;
        const applied = await applyBatch(target, batch);
        left += applied.left;
        for (const page of pages) behind = Math.min(behind, lag(page.serverTime, await page.arrival()));
        const next = pages.at(-1)?.next ?? null;
        const total = countable(pages[0]?.total);
        const step = addCounts(noCounts, applied.counts);
        const kept = await stepWalk(context.db, lease, walk.walkId, {
          ids: idsOn(pages),
          next,
          counts: step,
          left: applied.left,
          total,
        });
        if (!kept) throw lost();
        seen = { pages: seen.pages + step.pages, rows: seen.rows + step.fetched };
        onProgress({ ...seen, total });
        // What has begun meanwhile is not written for who wants to stop.
        signal.throwIfAborted();
        // A walk goes on a page before its place: with two pages at least it comes on in every slice, however slow.
        const cameOn = seen.pages > 1;
        if (source.resumable && cameOn && next !== null && context.runtime.now() >= until) {
          if (!(await yieldWalk(context.db, lease))) throw lost();
          return null;
        }
      }
    }
    if (!(await walkIsWhole(context.db, walk))) {
      throw new Error('what the walk had seen was lost when the database crashed; it begins again');
    }
    const deletions = await settleDeletions(
      target,
      client,
      {
        count: await countAbsent(context.db, source, walk),
        next: absentIn(context, source, walk),
      },
      { force: walk.force, held: true, signal },
    );
    counts = deletions.counts;
    left += deletions.left;
    const vanished = [...target.unreadable].filter((id) => !target.met.has(id));
    if (vanished.length > 0) await clearVanished(context.db, walk, vanished, walk.batches === 0);
    return {
      outcome: deletions.stopped === null ? 'ok' : 'stopped',
      counts,
      error: deletions.stopped ?? waiting(left) ?? unsure(deletions.unsure),
      // The first read sets where polling begins: at the start of its first attempt, by the earlier of both clocks.
      cursor: walk.kind === 'read' ? walk.startedAt + behind : null,
      pulled: deletions.stopped === null && left === 0,
      problem: null,
      together: async (tx) => {
        followed = await endWalk(tx, walk);
      },
    };
  };
  try {
    const end = await runUnderLease(context, lease, walk.kind, signal, () => counts, work);
    return end && { ...end, followed };
  } finally {
    await client.close();
  }
}

/**
 * Forgets a walk that is over. Pages may have shifted while a first read was broken off, and rows were held: a sweep makes sure of them. Gives
 * whether one is to follow.
 */
async function endWalk(tx: Executor, walk: Walk): Promise<boolean> {
  const { attempts, passedOver } = (await findWalk(tx, walk.connection)) ?? walk;
  await closeWalk(tx, walk);
  if (walk.kind !== 'read' || (attempts === 1 && passedOver === 0)) return false;
  const startedAt = await databaseNow(tx);
  await openWalk(tx, { ...walk, kind: 'sweep', request: null, force: false, startedAt });
  return true;
}

/** Ids above the one given, in order. What was found ahead may be there again by now: the API is asked for each. */
function absentIn(
  { db }: SyncContext,
  source: Source,
  walk: Walk,
): (after: number) => Promise<readonly number[]> {
  let ahead: readonly number[] = [];
  return async (after) => {
    ahead = ahead.filter((id) => id > after);
    if (ahead.length === 0) ahead = await findAbsent(db, source, walk, after, ABSENT_AT_ONCE);
    return ahead.slice(0, CONFIRM_AT_ONCE);
  };
}

/** How far the API's clock is behind the database's, in microseconds, as a number below 0; above 0 where it is ahead. */
const lag = (serverTime: number | null, answeredAt: number): number =>
  serverTime === null ? 0 : serverTime * 1000 - answeredAt;

/** A total is for progress only, and what the API claims may be no count at all. */
export const countable = (total: number | null | undefined): number | null =>
  typeof total === 'number' && Number.isInteger(total) && total >= 0 && total < 2 ** 31 ? total : null;

/** Every id that the pages held, of tasks that can't be mirrored too: they are there. */
export function idsOn(pages: readonly Page[]): readonly number[] {
  return pages.flatMap(({ tasks }) =>
    tasks.flatMap((decoded) => {
      const id = decoded.ok ? decoded.task.id : Number(decoded.id ?? Number.NaN);
      return Number.isSafeInteger(id) ? [id] : [];
    }),
  );
}
