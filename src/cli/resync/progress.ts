import type { ResyncState } from '../../jobs/follow.js';
import type { RunStatus } from '../../mirror/run-status.js';
import { counted, number } from '../../words/figures.js';

/** How far a request is, in a line: `52 % [########......]  12 pages, 1,200 of 2,300 rows`. */
export function progressOf(state: ResyncState, run: RunStatus | null): string {
  switch (state.state) {
    case 'waiting':
      if (state.workers === 0) return 'waits, but no worker is running: start one with npm start';
      return run === null ? 'waits for its turn' : `waits for its next turn, ${soFar(state, run)}`;
    case 'running':
      return soFar(state, run);
    case 'unreachable':
      return `waits for the queue: ${state.error}`;
    default:
      return endOf(state, run);
  }
}

/** How it ended, with the counts of its run. */
export function endOf(state: ResyncState, run: RunStatus | null): string {
  if (isGood(state, run)) {
    if (run === null) return 'done';
    const { fetched, pages, inserted, updated, unchanged, deleted } = run;
    const changes = `${number(inserted)} new, ${number(updated)} changed, ${number(deleted)} deleted, ${number(unchanged)} as before`;
    return `done: ${counted(fetched, 'row')} on ${counted(pages, 'page')}: ${changes}`;
  }
  switch (state.state) {
    case 'skipped':
      return `not done: ${state.reason}`;
    case 'vanished':
      return run?.outcome
        ? `${run.outcome}: ${run.error}`
        : 'its job is no longer in the queue, which was flushed or cleaned: ask again';
    case 'failed':
    case 'stopped':
    case 'interrupted':
      return `${state.state}: ${state.error}`;
    default:
      return state.state;
  }
}

/** Whether it is done. The queue may have forgotten what the database still knows. */
export function isGood({ state }: ResyncState, run: RunStatus | null): boolean {
  return state === 'ok' || (state === 'vanished' && run?.outcome === 'ok');
}

/** A walk's run counts through all its slices; its job tells sooner. */
function soFar(state: Extract<ResyncState, { state: 'waiting' | 'running' }>, run: RunStatus | null): string {
  const pages = Math.max(run?.pages ?? 0, state.progress?.pages ?? 0);
  const rows = Math.max(run?.fetched ?? 0, state.progress?.rows ?? 0);
  const total = run?.total ?? state.progress?.total ?? null;
  if (pages === 0) return 'begins';
  if (total === null || total === 0) return `${counted(pages, 'page')}, ${counted(rows, 'row')}`;
  return `${bar(rows / total)}  ${counted(pages, 'page')}, ${number(rows)} of ${counted(total, 'row')}`;
}

/** Totals are estimates: an API may count rows that it does not list, and rows come and go. */
function bar(share: number): string {
  const full = Math.min(1, Math.max(0, share));
  const cells = Math.round(full * CELLS);
  return `${String(Math.floor(full * 100)).padStart(3)} % [${'#'.repeat(cells)}${'.'.repeat(CELLS - cells)}]`;
}

const CELLS = 20;
