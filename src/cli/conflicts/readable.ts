import type { Conflict } from '../../mirror/conflicts.js';
import { printableLine } from '../../printable.js';
import { fieldOf, loserOf, nameOf } from '../../words/conflicts.js';
import { counted, number } from '../../words/figures.js';
import { at, namedRow, told } from '../../words/values.js';
import { formatTable } from '../table.js';

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
  const text = lines.map(([label, value]) => `  ${label.padEnd(10)}${printableLine(value)}`);
  return [`conflict ${conflictId}`, ...text].join('\n');
}

const shownOf = (conflict: Conflict, side: 'base' | 'local' | 'remote'): string =>
  told(fieldOf(conflict), conflict[side]);
