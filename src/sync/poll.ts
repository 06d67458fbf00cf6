import type { Connection } from '../mirror/connections.js';
import { addCounts, noCounts } from '../mirror/counts.js';
import { forgetHeld } from '../mirror/held-deletions.js';
import { leaseRemaining } from '../mirror/leases.js';
import { beginRun, type RunEnd } from '../mirror/runs.js';
import { findById } from '../mirror/tasks.js';
import { type Account, ApiError, sources } from '../sources/index.js';
import { columnsOf } from '../sources/raw.js';
import type { SourceClient } from '../sources/source.js';
import { applyPages } from './apply.js';
import type { SyncContext } from './context.js';
import { type Candidates, settleDeletions } from './deletions.js';
import { ensureSameAccount } from './identity.js';
import { prefetch } from './prefetch.js';
import { runUnderLease } from './run.js';
import { openTarget, type Target } from './target.js';
import type { ResyncRequest, WorkProgress, WorkResult } from './work.js';

/** How many pages are merged together at most, and so kept in memory. */
const MOST_PAGES = 8;

/** Reads what changed since the cursor, less the overlap, and merges it. The cursor moves when all of it is committed. */
export async function poll(
  context: SyncContext,
  connection: Connection,
  account: Account,
  request: ResyncRequest | null,
  signal: AbortSignal,
  onProgress: (progress: WorkProgress) => void,
): Promise<WorkResult> {
  const source = sources[account.source];
  const { cursor } = connection;
  if (cursor === null) return { state: 'skipped', reason: 'its first read is not over' };
  const kind = request ? 'resync' : 'poll';
  const lease = await beginRun(context.db, {
    connection: connection.name,
    kind,
    lease: 'poll',
    request: request?.id ?? null,
  });
  if (lease === null) {
    return { state: 'busy', retryAfterMs: await leaseRemaining(context.db, connection.name, 'poll') };
  }

  const from = request?.since ?? cursor / 1e6;
  const since = Math.floor(from) - source.overlap;
  const client = context.open(account, 'poll', connection.name);
  let counts = noCounts;
  const work = async (signal: AbortSignal): Promise<RunEnd> => {
    await ensureSameAccount(context, connection, source, account, client, signal);
    const target = await openTarget(context, source, lease, lease.runId);
    let left = 0;
    let held = false;
    let serverTime: number | null = null;
    for await (const pages of prefetch(
      (signal) => client.changes(since, signal),
      { most: MOST_PAGES, runtime: context.runtime },
      signal,
    )) {
      serverTime ??= pages[0]?.serverTime ?? null;
      const applied = await applyPages(target, pages);
      counts = addCounts(counts, applied.counts);
      left += applied.left;
      held ||= applied.held > 0;
      onProgress({ pages: counts.pages, rows: counts.fetched, total: null });
    }
    const { candidates, unheard } = await hints(target, client, since, signal);
    const deletions = await settleDeletions(target, client, candidates, {
      force: request?.force ?? false,
      held,
      signal,
    });
    counts = addCounts(counts, deletions.counts);
    left += deletions.left;

    const whole = deletions.stopped === null && left === 0;
    // A resync from later than the cursor has not seen what lies between.
    const covers = whole && from <= cursor / 1e6;
    // Rows move from page to page while several are read: such a window is read again before the cursor leaves it.
    const again = covers && counts.pages > source.listings && connection.walkedAgain;
    return {
      outcome: deletions.stopped === null ? 'ok' : 'stopped',
      counts,
      error: deletions.stopped ?? waiting(left) ?? unsure(deletions.unsure) ?? unheard,
      cursor: covers && !again ? cursorAfter(lease.startedAt, serverTime) : null,
      readAgain: again,
      pulled: covers,
      problem: null,
      ...(held && deletions.stopped !== null && { together: (tx) => forgetHeld(tx, target.holder) }),
    };
  };
  try {
    const end = await runUnderLease(context, lease, kind, signal, () => counts, work);
    return { state: 'done', runId: lease.runId, outcome: end?.outcome ?? 'ok', error: end?.error ?? null };
  } finally {
    await client.close();
  }
}

/** The start of the run, by the earlier of the API's clock and the database's. Microseconds since 1970. */
export function cursorAfter(startedAt: number, serverTime: number | null): number {
  return serverTime === null ? startedAt : Math.min(startedAt, serverTime * 1000);
}

export const waiting = (left: number): string | null =>
  left === 0 ? null : `${left} rows are held by another transaction; the next run takes them up`;

export const unsure = (unsure: readonly string[]): string | null =>
  unsure.length === 0
    ? null
    : `${unsure.length} tasks may be deleted, but the API would not say: ${unsure.slice(0, 3).join('; ')}`;

/**
 * Of the ids that may have been deleted, those that the mirror holds as there. They are hints only: where the API won't give
 * them the sweep finds what was deleted, and `unheard` says so.
 */
async function hints(
  { context, source, connection }: Target,
  client: SourceClient,
  since: number,
  signal: AbortSignal,
): Promise<{ readonly candidates: Candidates; readonly unheard: string | null }> {
  const found = new Set<number>();
  let unheard: string | null = null;
  try {
    for await (const ids of client.deletionHints(since, signal)) {
      if (ids.length === 0) continue;
      const rows = await findById(context.db, source, connection, ids);
      for (const [id, { raw }] of rows) {
        if (raw !== null && columnsOf(source.fields, raw)['vis_state'] !== 1) found.add(id);
      }
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    unheard = `deletions are found by the sweep only, since the API did not tell of them: ${error.message}`;
  }
  const ordered = [...found].sort((a, b) => a - b);
  const next = async (after: number) => ordered.filter((id) => id > after).slice(0, 50);
  return { candidates: { count: ordered.length, next }, unheard };
}
