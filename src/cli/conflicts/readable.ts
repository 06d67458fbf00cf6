import type { Conflict } from '../../mirror/conflicts.js';
import type { Restored } from '../../sync/restore.js';
import { formatTable, printable } from '../table.js';
import { at, namedRow, told } from '../values.js';
import { counted, number } from '../words.js';
import { fieldOf } from './document.js';

export function readableList({
  conflicts,
  total,
}: {
  readonly conflicts: readonly Conflict[];
  readonly total: number;
}): string {
  if (total === 0) return 'Nothing was overruled that has not been restored.';
  const head = ['id', 'found', 'connection', 'row', 'task', 'field', 'overruled', 'by'];
  const rows = conflicts.map((conflict) => [
    conflict.conflictId,
    at(conflict.createdAt),
    conflict.connection,
    conflict.rowId,
    nameOf(conflict),
    conflict.field,
    shownOf(conflict, loserOf(conflict)) + (conflict.restoredAt === null ? '' : ' (restored)'),
    shownOf(conflict, conflict.winner),
  ]);
  const more =
    total > conflicts.length
      ? `\n${number(conflicts.length)} of ${number(total)} are shown; --limit ${total} shows all.`
      : '';
  return `${formatTable(head, rows)}\n(${counted(conflicts.length, 'conflict')})${more}`;
}

export function readable(conflict: Conflict): string {
  const { conflictId, connection, rowId, row, field, winner, reason, createdAt, restoredAt } = conflict;
  const won = (side: 'local' | 'remote') => (side === winner ? ' (kept)' : ' (overruled)');
  const lines = [
    [
      'where',
      `${connection}, ${namedRow(rowId, row?.id ?? null, nameOf(conflict))}${row ? '' : ', which is gone'}`,
    ],
    ['field', field],
    ['base', shownOf(conflict, 'base')],
    ['local', shownOf(conflict, 'local') + won('local')],
    ['remote', shownOf(conflict, 'remote') + won('remote')],
    ['reason', reason],
    ['found', at(createdAt)],
    [
      'restored',
      restoredAt === null ? `no; to do it: taskmirror conflicts restore ${conflictId}` : at(restoredAt),
    ],
  ] as const;
  const text = lines.map(([label, value]) => `  ${label.padEnd(10)}${printable(value)}`);
  return [`conflict ${conflictId}`, ...text].join('\n');
}

/** `Conflict 12: name of row 3, task 9 "Call" is "Call now" again; it was "Call".` */
export function readableRestored({
  conflict,
  field,
  before,
  after,
  changedSince,
  revived,
}: Restored): string {
  const row = namedRow(conflict.rowId, conflict.row?.id ?? null, nameOf(conflict));
  const was = told(field, before);
  return [
    `Conflict ${conflict.conflictId}: ${field.name} of ${row} is ${told(field, after)} again; it was ${was}`,
    changedSince ? ', which somebody had written since the conflict.' : '.',
    revived === 'restored' ? ' The task was deleted, and comes back with it.' : '',
    revived === 'anew' ? ' The task was deleted for good: it is made anew, under a new id.' : '',
  ].join('');
}

const loserOf = ({ winner }: Conflict) => (winner === 'remote' ? 'local' : 'remote');

const shownOf = (conflict: Conflict, side: 'base' | 'local' | 'remote'): string =>
  told(fieldOf(conflict), conflict[side]);

function nameOf({ row }: Conflict): string | null {
  const name = row?.columns['name'];
  return typeof name === 'string' ? name : null;
}
