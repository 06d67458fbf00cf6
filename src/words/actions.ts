import type { RetriedRow } from '../mirror/retry.js';
import { counted } from './figures.js';
import { at } from './values.js';

/** What a person's action has done, in a sentence. */

export function retriedInWords({ rowId, connection, syncState }: RetriedRow): string {
  const what = {
    failed: 'will be sent again',
    pending: 'is pending already, and is sent by itself',
    synced: 'is synced: there is nothing to send',
  };
  return `Row ${rowId} of ${connection} ${what[syncState]}.`;
}

export function retriedAllInWords(total: number): string {
  return total === 0 ? 'No row has failed.' : `${counted(total, 'failed row')} will be sent again.`;
}

/** What pausing or resuming has found and done: see `changePause`. */
interface PauseChange {
  readonly changed: boolean;
  readonly since: number | null;
}

export function pausedInWords(name: string, { changed, since }: PauseChange): string {
  return changed || since === null
    ? `${name} is paused: nothing more is read or sent (a run that is under way ends within seconds). Local edits wait; to go on: taskmirror resume ${name}`
    : `${name} is paused already, since ${at(since)}; to go on: taskmirror resume ${name}`;
}

export function resumedInWords(name: string, { changed }: PauseChange): string {
  return changed
    ? `${name} goes on: running workers read what has changed, and send what waits, within seconds.`
    : `${name} is not paused.`;
}
