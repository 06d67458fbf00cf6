import { HIDDEN } from '../sides.js';
import { type Check, isFailed, isThere, nameOfRow } from './facts.js';

/** I4: at rest both sides hold the same in every writable field, for every task that is there at the API; and nothing waits. */
export const equal: Check = ({ rows, api, rowOf, told, open }) => {
  const faults: string[] = [];
  for (const [id, task] of api) {
    const row = rowOf(id);
    if (isFailed(row) || !isThere(task)) continue;
    if (row === undefined) faults.push(`task ${id} (${task['name']}) is not in the mirror`);
    else if (String(row['id']) === id) {
      const here = told(row);
      for (const [field, value] of Object.entries(task))
        if (value !== HIDDEN && here[field] !== value)
          faults.push(`task ${id}: ${field} is ${value} at the API and ${here[field]} here`);
    }
  }
  for (const row of rows) {
    if (row['sync_state'] === 'pending')
      faults.push(`${nameOfRow(row)} is still pending: ${row['sync_error']}`);
    if (isFailed(row) || row['vis_state'] === 1) continue;
    if (!isThere(api.get(String(row['id'])))) faults.push(`${nameOfRow(row)} has no task at the API`);
  }
  for (const write of open)
    if (!isFailed(rowOf(`row ${write['row_id']}`)))
      faults.push(`row ${write['row_id']}: ${write['method']} ${write['path']} is still open`);
  return faults;
};
