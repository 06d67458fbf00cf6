import type { RunStatus } from '../mirror/run-status.js';
import { counted, number } from './figures.js';

/** What a run has done so far: `100 rows, 3 new, 2 changed, 1 deleted`, `12 sent, 1 refused`. */
export function doneBy(run: Omit<RunStatus, 'running'>): string {
  const changes = [
    run.inserted > 0 && `${number(run.inserted)} new`,
    run.updated > 0 && `${number(run.updated)} changed`,
    run.deleted > 0 && `${number(run.deleted)} deleted`,
    run.failed > 0 && `${number(run.failed)} ${run.kind === 'push' ? 'refused' : 'unreadable'}`,
    run.conflicts > 0 && `${number(run.conflicts)} in conflict`,
  ].filter(Boolean);
  const done = run.kind === 'push' ? `${number(run.pushed)} sent` : counted(run.fetched, 'row');
  return [done, ...changes].join(', ');
}

/** `ok`, `failed`, …; `running` or `waiting` (for its next slice) while it has none. */
export function outcomeOf({ outcome, running }: Pick<RunStatus, 'outcome' | 'running'>): string {
  return outcome ?? (running ? 'running' : 'waiting');
}
