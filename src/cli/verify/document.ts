import { type FieldDifference, RAW } from '../../sync/verify/compare.js';
import type { Verification } from '../../sync/verify/report.js';
import { jsonOf } from '../../words/values.js';

/** What `verify --json` prints; the names are public. */
export function documentOf(found: readonly Verification[]): object {
  return {
    connections: found.map((one) => ({
      name: one.connection,
      source: one.source,
      outcome: one.outcome,
      reason: one.reason,
      run_id: one.runId,
      tasks: one.tasks,
      rows: one.rows,
      different: one.different,
      pending: one.pending,
      failed: one.failed,
      meanwhile: one.meanwhile,
      unreadable: one.unreadable,
      unjudged: one.unjudged,
      differences: one.differences.map(({ kind, rowId, id, name, fields, behind }) => ({
        kind,
        row_id: rowId,
        id,
        name,
        behind,
        fields: Object.fromEntries(fields.map((each) => [each.field?.name ?? RAW, valuesOf(each)])),
      })),
      refused: one.refused.map(({ rowId, id, name, action, error }) => ({
        row_id: rowId,
        id,
        name,
        action,
        error,
      })),
      unreadable_tasks: one.unreadableTasks,
    })),
  };
}

function valuesOf({ field, mirror, last, api, why }: FieldDifference): object {
  if (field === null) return { why };
  return { mirror: jsonOf(field, mirror), last: jsonOf(field, last), api: jsonOf(field, api), why };
}
