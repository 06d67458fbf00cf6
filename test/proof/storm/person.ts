import type { Row } from 'postgres';
import { asLocalWriter } from '../../../src/mirror/local-writer.js';
import { sources } from '../../../src/sources/index.js';
import { decideCreate } from '../../../src/sync/decide.js';
import type { World } from '../../sync/world.js';
import { type History, labelOf } from './history.js';
import { rowsOf, toldByApi, toldByRow } from './sides.js';
import { TOLD } from './values.js';

/**
 * The person who is asked about creates of unknown outcome: knows by the labels which task is whose, and says so; an insert whose task has
 * another row to stay is deleted. Gives how many were decided, and what such a row fails to say: it must name the task that it has made.
 */
export async function decideAll(
  world: World,
  history: History,
): Promise<{ readonly decided: number; readonly faults: readonly string[] }> {
  const { connection } = history;
  const faults: string[] = [];
  let decided = 0;
  const asked = await world.sql`
    select t.* from ${world.sql(`${connection}.tasks`)} t
    where t.sync_state = 'failed' and exists (
      select from sync.writes w where w.row_id = t.row_id and w.method = 'POST' and w.settled_at is null)
    order by t.row_id`;
  for (const row of asked) {
    const own = await unclaimed(world, history, row);
    const [id] = own;
    const error = String(row['sync_error']);
    const named = (each: string) => new RegExp(`\\b${each} \\(`).test(error);
    if (!/--adopt|--create/.test(error))
      faults.push(`row ${row['row_id']} does not say what to do: ${error}`);
    if (own.length > 0 && !own.some(named) && !/ and \d+ more/.test(error))
      faults.push(`row ${row['row_id']} (${row['name']}) does not name ${own.join(' or ')}: ${error}`);
    decided += 1;
    const standIn = id === undefined && row['vis_state'] !== 1 ? await standInFor(world, history, row) : null;
    if (standIn !== null) {
      history.standIns.add(standIn);
      await deleteRow(world, history, row);
      continue;
    }
    await asLocalWriter(world.db, (tx) =>
      decideCreate(
        tx,
        Object.values(sources),
        String(row['row_id']),
        id === undefined ? 'create' : { adopt: Number(id) },
      ),
    );
  }
  return { decided, faults };
}

/** A row that a pull made for an insert of this label, and that has made the task anew: one for each such insert. */
async function standInFor(
  world: World,
  { connection, inserts, standIns }: History,
  row: Row,
): Promise<string | null> {
  const label = inserts.get(String(row['row_id']));
  if (label === undefined) return null;
  const rows = await world.sql`
    select t.row_id::text, t.name from ${world.sql(`${connection}.tasks`)} t
    where t.vis_state <> 1 and exists (select from sync.writes w where w.row_id = t.row_id and w.method = 'POST')
    order by t.row_id`;
  const found = rows.find(
    ({ row_id: id, name }) =>
      !inserts.has(String(id)) && !standIns.has(String(id)) && labelOf(String(name), '') === label,
  );
  return found === undefined ? null : String(found['row_id']);
}

async function deleteRow(world: World, history: History, row: Row): Promise<void> {
  const { connection, deleted, seen, visibility } = history;
  const rowId = String(row['row_id']);
  const told = toldByRow(connection, row);
  for (const field of TOLD[connection]) seen.add(told[field] ?? '');
  deleted.add(`row ${rowId}`);
  visibility.set(rowId, 1);
  await world.sql`delete from ${world.sql(`${connection}.tasks`)} where row_id = ${rowId}`;
}

/** Tasks with the row's label that are no other row's own. */
async function unclaimed(world: World, { connection }: History, row: Row): Promise<readonly string[]> {
  const rows = await rowsOf(world, connection);
  const own = await world.sql`select distinct row_id::text from sync.writes where method = 'POST'`;
  const makers = new Set(own.map(({ row_id }) => String(row_id)));
  const claimed = new Set(
    rows.filter((each) => makers.has(String(each['row_id']))).map((each) => String(each['id'])),
  );
  for (const { id } of await world.sql`
    select adopt_id::text as id from sync.writes where settled_at is null and adopt_id is not null
    union all select id::text from sync.retired_ids where connection = ${connection}`)
    claimed.add(String(id));
  const label = labelOf(String(row['name']), '');
  return [...toldByApi(world, connection)]
    .filter(([id, task]) => !claimed.has(id) && labelOf(task['name'] ?? '', '') === label)
    .map(([id]) => id);
}
