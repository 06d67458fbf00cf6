import { isDeepStrictEqual } from 'node:util';
import type { Field } from '../../fields.js';
import { type FieldValue, fieldValue, same } from '../../merge/values.js';
import type { MirrorRow } from '../../mirror/tasks.js';
import { columnsOf, keepMissing } from '../../sources/raw.js';
import type { RemoteTask, Source } from '../../sources/source.js';
import { columnsIn, localColumns } from '../reconcile.js';

/** What a difference of no field is listed under. */
export const RAW = 'raw';

/** A field in which a row and its task are not equal. */
export interface FieldDifference {
  /** Null for `raw` alone: the values are equal, but not what the mirror remembers of the API's last answer. */
  readonly field: Field | null;
  readonly mirror: FieldValue;
  /** What the API gave last, as far as the mirror knows. */
  readonly last: FieldValue;
  readonly api: FieldValue;
  /** `pending`: a local change that waits; `failed`: one that the API refused; else nothing explains it. */
  readonly why: 'pending' | 'failed' | 'different';
}

/** Compares a row with the task as the API gives it now, field by field, in the API's own precision. */
export function compareRow(source: Source, row: MirrorRow, task: RemoteTask): readonly FieldDifference[] {
  const { fields } = source;
  const sent = row.sent.flatMap((body) => (body === null ? [] : [columnsIn(source, body)]));
  // A create under way, or whose answer was not taken over yet.
  if (row.raw === null) return [rawAlone(sent.length > 0 ? 'pending' : 'different')];

  const raw = keepMissing(fields, row.raw, task.raw);
  const api = columnsOf(fields, raw);
  const last = columnsOf(fields, row.raw);
  const local = localColumns(source, row);
  // An edit of a task that is deleted on both sides stays here until that is restored.
  const waits = row.syncState !== 'synced' || (local['vis_state'] === 1 && api['vis_state'] === 1);

  const differences = fields.flatMap((field): readonly FieldDifference[] => {
    if (same(field, local, api)) return [];
    const edited = field.writable && waits && !same(field, local, last);
    const own = same(field, last, api) || sent.some((body) => same(field, { ...last, ...body }, api));
    const why = !(edited && own) ? 'different' : row.syncState === 'failed' ? 'failed' : 'pending';
    return [
      {
        field,
        mirror: fieldValue(field, local),
        last: fieldValue(field, last),
        api: fieldValue(field, api),
        why,
      },
    ];
  });
  const explained = differences.every(({ why }) => why !== 'different');
  if (explained && !isDeepStrictEqual(raw, row.raw)) {
    return [...differences, rawAlone(row.sent.length > 0 ? 'pending' : 'different')];
  }
  return differences;
}

const rawAlone = (why: FieldDifference['why']): FieldDifference => ({
  field: null,
  mirror: null,
  last: null,
  api: null,
  why,
});
