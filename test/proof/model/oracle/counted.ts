import { labelOf } from '../ledger.js';
import type { Row } from '../sides.js';
import { countLabelled } from '../wire.js';
import { type Check, type Facts, isFailed, isThere, nameOfRow } from './facts.js';

/** I3: at most one task for each local insert, and one where it is not deleted or failed. Whatever is there too often at any time is told by the wire. */
export const counted: Check = ({ ledger, api, rows, rowOf }) => {
  const faults: string[] = [];
  const labels = new Map<string, { most: number; least: number }>();
  for (const [rowId, label] of ledger.inserts) {
    const row = rowOf(`row ${rowId}`);
    const dropped = ledger.edits.some((edit) => edit.task === `row ${rowId}` && isDeletion(edit));
    if (row === undefined && !dropped) faults.push(`inserted row ${rowId} (${label}) is gone`);
    const alive = row !== undefined && !isFailed(row) && row['vis_state'] !== 1;
    const { most, least } = labels.get(label) ?? { most: 0, least: 0 };
    labels.set(label, { most: most + 1, least: least + (alive ? 1 : 0) });
  }
  if (!ledger.labelled) return [...faults, ...madeForRows({ ledger, api, rowOf })];
  for (const [label, { most, least }] of labels) {
    const tasks = countLabelled(api, label);
    const held = rows.filter(
      (row) =>
        !isFailed(row) && row['vis_state'] !== 1 && labelOf(String(row['name']), String(row['id'])) === label,
    ).length;
    if (tasks > most || tasks < least)
      faults.push(`${label}: ${tasks} tasks for ${most} inserts, ${least} of them alive`);
    if (held > most) faults.push(`${label}: ${held} rows for ${most} inserts`);
  }
  return faults;
};

/**
 * Each task that a worker made is that of a row that was inserted here or made over a link; another one is made for a row, or the first one
 * for a row that a pull brought, when its former task was deleted and somebody has put it back.
 */
function madeForRows({ ledger, api, rowOf }: Pick<Facts, 'ledger' | 'api' | 'rowOf'>): readonly string[] {
  const had = new Set<Row>();
  return ledger.writes.flatMap(({ at, change: { task, field, before } }) => {
    const row = rowOf(task);
    if (field !== 'name' || before !== null || row === undefined) return [];
    const rowId = String(row['row_id']);
    const isFirst = (ledger.inserts.has(rowId) || ledger.made.has(rowId)) && !had.has(row);
    had.add(row);
    const former = (other: { readonly task: string }) => other.task !== task && rowOf(other.task) === row;
    const anew =
      ledger.edits.some((edit) => edit.at < at && isDeletion(edit) && former(edit)) ||
      ledger.writes.some(
        ({ change, ...write }) =>
          write.at < at && isDeletion({ field: change.field, value: change.after ?? '1' }) && former(change),
      );
    // Whether it was made nobody here knew, and then somebody deleted it at the API: a person had it made once more.
    const deleted =
      !isThere(api.get(task)) &&
      ledger.edits.some((edit) => edit.task === task && edit.side === 'remote' && isDeletion(edit));
    return isFirst || anew || deleted
      ? []
      : [`a worker made task ${task} for row ${rowId}, which did not lack one`];
  });
}

const isDeletion = ({ field, value }: { readonly field: string; readonly value: string }): boolean =>
  field === 'vis_state' && value === '1';

/** Nothing is deleted without a deleter, on either side. */
export const deletedBySomebody: Check = ({ ledger, rows, api, rowOf }) => {
  const deletions = ledger.edits.filter(isDeletion);
  const deleted = new Set(deletions.map(({ task }) => rowOf(task)));
  const faults = rows.flatMap((row) => {
    const gone = row['vis_state'] === 1 || (row['id'] !== null && !isThere(api.get(String(row['id']))));
    return gone && !isFailed(row) && !deleted.has(row) ? [`${nameOfRow(row)} was deleted by nobody`] : [];
  });
  for (const { at, change } of ledger.writes) {
    if (change.field !== 'vis_state' || change.before === null || change.before === '1') continue;
    if (change.after !== null && change.after !== '1') continue;
    const row = rowOf(change.task);
    const meant = deletions.some(
      (edit) =>
        edit.side === 'local' &&
        edit.at < at &&
        (edit.task === change.task || (row !== undefined && rowOf(edit.task) === row)),
    );
    if (!meant) faults.push(`a worker deleted task ${change.task} at the API, which nobody had deleted here`);
  }
  return faults;
};
