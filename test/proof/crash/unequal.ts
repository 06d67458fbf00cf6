import type { Connection, World } from '../../sync/world.js';
import { rowsOf, type Told, toldByApi, toldByRow } from '../storm/sides.js';

/** Where the two sides differ at rest, told without the worker's own code. */
export async function unequal(
  world: Pick<World, 'sql' | 'sandbox'>,
  connection: Connection,
): Promise<readonly string[]> {
  const { sql } = world;
  const api = toldByApi(world, connection);
  const faults: string[] = [];
  const known = new Set<string>();
  for (const row of await rowsOf(world, connection)) {
    const id = String(row['id']);
    known.add(id);
    const [task, told] = [api.get(id), toldByRow(connection, row)];
    const what = `row ${row['row_id']} (${row['name']})`;
    if (row['sync_state'] !== 'synced') faults.push(`${what} is ${row['sync_state']}: ${row['sync_error']}`);
    if (told['vis_state'] === '1') {
      if (task && task['vis_state'] !== '1') faults.push(`${what} is deleted, and task ${id} is not`);
    } else faults.push(...wanting(`task ${id} of ${what}`, task, told));
  }
  for (const [id, task] of api) {
    if (task['vis_state'] !== '1' && !known.has(id)) faults.push(`task ${id} (${task['name']}) has no row`);
  }
  for (const write of await sql`select * from sync.writes where connection = ${connection} and settled_at is null`)
    faults.push(`a write is open: ${JSON.stringify(write)}`);
  return faults;
}

/** Where what is told is not what was wanted, in words. */
export function wanting(what: string, is: Told | undefined, wanted: Told): readonly string[] {
  if (is === undefined) return [`${what} is not there`];
  return Object.entries(wanted).flatMap(([field, value]) =>
    is[field] === value ? [] : [`${what}: ${field} is ${is[field]} and not ${value}`],
  );
}
