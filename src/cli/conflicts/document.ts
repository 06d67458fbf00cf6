import type { Conflict } from '../../mirror/conflicts.js';
import type { Restored } from '../../sync/restore.js';
import { fieldOf } from '../../words/conflicts.js';
import { at, jsonOf } from '../../words/values.js';

/** A conflict as `--json` prints it; the names are public. Instants are ISO 8601, a field of two columns is an object. */
export function documentOf(conflict: Conflict): object {
  const field = fieldOf(conflict);
  return {
    conflict_id: conflict.conflictId,
    connection: conflict.connection,
    row_id: conflict.rowId,
    id: conflict.row?.id ?? null,
    name: conflict.row?.columns['name'] ?? null,
    field: conflict.field,
    base: jsonOf(field, conflict.base),
    local: jsonOf(field, conflict.local),
    remote: jsonOf(field, conflict.remote),
    winner: conflict.winner,
    reason: conflict.reason,
    created_at: at(conflict.createdAt),
    restored_at: conflict.restoredAt === null ? null : at(conflict.restoredAt),
  };
}

export function restoredDocument({
  conflict,
  field,
  before,
  after,
  changedSince,
  revived,
}: Restored): object {
  return {
    conflict_id: conflict.conflictId,
    connection: conflict.connection,
    row_id: conflict.rowId,
    field: field.name,
    old: jsonOf(field, before),
    new: jsonOf(field, after),
    changed_since: changedSince,
    task_restored: revived !== false,
  };
}
