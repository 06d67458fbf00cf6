import type { Field } from '../fields.js';
import type { Conflict } from '../mirror/conflicts.js';
import { sources } from '../sources/index.js';
import type { Restored } from '../sync/restore.js';
import { namedRow, told } from './values.js';

/** `Conflict 12: name of row 3, task 9 "Call" is "Call now" again; it was "Call".` */
export function restoredInWords({ conflict, field, before, after, changedSince, revived }: Restored): string {
  const row = namedRow(conflict.rowId, conflict.row?.id ?? null, nameOf(conflict));
  const was = told(field, before);
  return [
    `Conflict ${conflict.conflictId}: ${field.name} of ${row} is ${told(field, after)} again; it was ${was}`,
    changedSince ? ', which somebody had written since the conflict.' : '.',
    revived === 'restored' ? ' The task was deleted, and comes back with it.' : '',
    revived === 'anew' ? ' The task was deleted for good: it is made anew, under a new id.' : '',
  ].join('');
}

/** Undefined where the connection is gone, or the field. */
export function fieldOf({ source, field }: Conflict): Field | undefined {
  return Object.values(sources)
    .find(({ name }) => name === source)
    ?.fields.find(({ name }) => name === field);
}

/** The side whose value was overruled. */
export const loserOf = ({ winner }: Conflict): 'local' | 'remote' =>
  winner === 'remote' ? 'local' : 'remote';

export function nameOf({ row }: Conflict): string | null {
  const name = row?.columns['name'];
  return typeof name === 'string' ? name : null;
}
