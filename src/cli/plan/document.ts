import type { Plan, PlannedRow } from '../../sync/plan.js';
import { at, jsonOf } from '../../words/values.js';

/** The plan as `plan --json` prints it; the names are public. `old` is null for a task that the API does not have. */
export function documentOf(plans: readonly Plan[], { push }: { readonly push: boolean }): object {
  return {
    push: push ? 'on' : 'off',
    connections: plans.map(({ connection, brake }) => ({
      name: connection.name,
      source: connection.source,
      paused: connection.paused,
      problem: connection.problem,
      deletes_held_up: brake,
    })),
    rows: plans.flatMap(({ connection, rows }) => rows.map((row) => rowOf(connection.name, row))),
    failed: plans.flatMap(({ connection, failed }) => failed.map((row) => rowOf(connection.name, row))),
  };
}

function rowOf(connection: string, row: PlannedRow): object {
  return {
    connection,
    row_id: row.rowId,
    id: row.id,
    name: row.name,
    action: row.action,
    fields: Object.fromEntries(
      row.fields.map(({ field, old, new: now }) => [
        field.name,
        { old: jsonOf(field, old), new: jsonOf(field, now) },
      ]),
    ),
    calls: row.calls,
    held_up: row.held,
    unknown: row.open && { method: row.open.method, decision: row.open.decision, adopt_id: row.open.adoptId },
    not_before: row.notBefore === null ? null : at(row.notBefore),
    error: row.error,
  };
}
