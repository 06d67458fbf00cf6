import type { Row } from 'postgres';
import type { World } from '../../sync/world.js';
import type { Edit, History } from './history.js';
import { rowsOf, type Told, toldByApi, toldByRow } from './sides.js';

/** What does not hold after a storm, in words. Knows what people did and what both sides show now; nothing of the worker. */
export async function faultsOf(world: World, history: History): Promise<readonly string[]> {
  const { connection } = history;
  const rows = await rowsOf(world, connection);
  const api = toldByApi(world, connection);
  const conflicts = await world.sql`select * from sync.conflicts where connection = ${connection}`;
  const retired =
    await world.sql`select id::text, row_id::text from sync.retired_ids where connection = ${connection}`;
  const open = await world.sql`
    select w.row_id::text, w.method, w.path from sync.writes w
    left join ${world.sql(`${connection}.tasks`)} t on t.row_id = w.row_id
    where w.connection = ${connection} and w.settled_at is null
      and (w.method = 'POST' or t.sync_state is distinct from 'failed')`;
  const byId = new Map<string, Row>();
  for (const row of rows) if (row['id'] !== null) byId.set(String(row['id']), row);
  for (const row of rows) byId.set(`row ${row['row_id']}`, row);
  for (const { id, row_id } of retired) {
    const now = byId.get(`row ${row_id}`);
    if (now !== undefined) byId.set(id, now);
  }
  const sides: Sides = { rows, api, byId, conflicts };
  return [
    ...unequal(history, sides),
    ...lostEdits(world, history, sides),
    ...miscounted(history, sides),
    ...deletedByNobody(history, sides),
    ...open.map(({ row_id, method, path }) => `row ${row_id}: ${method} ${path} is still open`),
    ...rows
      .filter((row) => failed(row) && !row['sync_error'])
      .map((row) => `row ${row['row_id']} has failed and does not say why`),
    ...rows.filter((row) => row['sync_state'] === 'pending').map((row) => `row ${row['row_id']} is pending`),
  ];
}

interface Sides {
  readonly rows: readonly Row[];
  readonly api: ReadonlyMap<string, Told>;
  /** By every id that a task ever had here, and by `row 5`. */
  readonly byId: ReadonlyMap<string, Row>;
  readonly conflicts: readonly Row[];
}

const failed = (row: Row | undefined): boolean => row?.['sync_state'] === 'failed';
const there = (task: Told | undefined): boolean => task !== undefined && task['vis_state'] !== '1';

/** I4: at rest both sides are equal in every field, for every task that is there at the API. */
function unequal({ connection }: History, { rows, api, byId }: Sides): readonly string[] {
  const faults: string[] = [];
  for (const [id, task] of api) {
    const row = byId.get(id);
    if (failed(row)) continue;
    if (row === undefined) {
      if (there(task)) faults.push(`task ${id} (${task['name']}) is not in the mirror`);
      continue;
    }
    if (!there(task) || String(row['id']) !== id) continue;
    const told = toldByRow(connection, row);
    for (const [field, value] of Object.entries(task))
      if (told[field] !== value)
        faults.push(`task ${id}: ${field} is ${value} at the API, ${told[field]} here`);
  }
  for (const row of rows) {
    if (failed(row) || row['vis_state'] === 1) continue;
    if (!there(api.get(String(row['id']))))
      faults.push(`row ${row['row_id']} (${row['name']}, id ${row['id']}) has no task at the API`);
  }
  return faults;
}

/** I1 and I2: the last value that each side gave a field is in place, was seen by whoever wrote another, or is journalled. */
function lostEdits(world: World, history: History, sides: Sides): readonly string[] {
  const last = new Map<string, Edit>();
  for (const edit of history.edits) {
    const row = sides.byId.get(edit.task);
    last.set(`${edit.side} ${row?.['row_id'] ?? edit.task} ${edit.field}`, edit);
  }
  return [...last.values()].flatMap((edit) => {
    const { side, task, field, token } = edit;
    if (history.seen.has(token)) return [];
    const row = sides.byId.get(task);
    if (row === undefined)
      return wasDropped(history, task) ? [] : [`${side} edit of ${task}: its row is gone`];
    if (failed(row) || toldByRow(history.connection, row)[field] === token) return [];
    const journal = sides.conflicts.filter(
      (entry) => String(entry['row_id']) === String(row['row_id']) && entry['field'] === field,
    );
    if (journal.some((entry) => journalled(entry, side).includes(token))) return [];
    if (side === 'remote' && passedBy(world, history, edit)) return [];
    return [
      `${side} edit of ${task} lost: ${field} = ${token}, the row holds ${toldByRow(history.connection, row)[field]}`,
    ];
  });
}

/**
 * What the entry keeps of this side, and its loser, whoever's that is: an edit of a pulled row that went out reads as the API's own value by
 * the time that the row whose insert made the task takes it over.
 */
const journalled = (entry: Row, side: Edit['side']): string =>
  JSON.stringify([entry[side], entry[entry['winner'] === 'local' ? 'remote' : 'local']]);

/** Deleted before it was ever made: then the row is really deleted, with all that was written into it. */
const wasDropped = ({ deleted }: History, task: string): boolean =>
  task.startsWith('row ') && deleted.has(task);

/** No client can see a change between its look and its write. */
function passedBy(
  { sandbox }: World,
  { connection }: History,
  { task, field, mark = 0, overtaken }: Edit,
): boolean {
  if (overtaken) return true;
  const key = field.startsWith('rate') ? 'rate' : field;
  const later = sandbox.log
    .entries({ api: connection, after: mark })
    .filter(({ path }) => path.endsWith(`/${task}`));
  const write = later.findIndex(
    ({ method, keys }) => method === 'DELETE' || (method !== 'GET' && keys.includes(key)),
  );
  return write !== -1 && !later.slice(0, write).some(({ method }) => method === 'GET');
}

/** I3: one task for each insert. */
function miscounted(history: History, { rows, api, byId }: Sides): readonly string[] {
  const wanted = new Map<string, { most: number; least: number; failed: number }>();
  for (const [rowId, label] of history.inserts) {
    const row = byId.get(`row ${rowId}`);
    const count = wanted.get(label) ?? { most: 0, least: 0, failed: 0 };
    const alive = row !== undefined && !failed(row) && row['vis_state'] !== 1;
    wanted.set(label, {
      most: count.most + 1,
      least: count.least + (alive ? 1 : 0),
      // What a person has to decide about stands beside the row that a pull made.
      failed: count.failed + (failed(row) && row?.['id'] === null ? 1 : 0),
    });
    if (row === undefined && !history.deleted.has(`row ${rowId}`)) return [`inserted row ${rowId} is gone`];
  }
  const faults: string[] = [];
  for (const [label, { most, least, failed }] of wanted) {
    const tasks = [...api.values()].filter((task) => task['name']?.startsWith(label)).length;
    // What was made and deleted there before anybody knew stays as its own row, once a person has had it made anew.
    const held = rows.filter(
      (row) => String(row['name']).startsWith(label) && (row['raw'] !== null || row['vis_state'] !== 1),
    ).length;
    if (tasks > most || tasks < least || held > most + failed)
      faults.push(`${label}: ${tasks} tasks and ${held} rows for ${most} inserts, ${least} of them alive`);
  }
  return faults;
}

/** Nothing is deleted that nobody deleted; and where the API's people did nothing, the last word of the local ones holds. */
function deletedByNobody(history: History, { rows, api, byId }: Sides): readonly string[] {
  const touched = new Set([...history.touched].map((id) => byId.get(id)?.['row_id']));
  const deleted = new Set([...history.deleted].map((id) => byId.get(id)?.['row_id']));
  return rows.flatMap((row) => {
    const gone = row['vis_state'] === 1 || (row['id'] !== null && !there(api.get(String(row['id']))));
    if (gone && !failed(row) && !deleted.has(row['row_id']))
      return [`row ${row['row_id']} (${row['name']}) was deleted by nobody`];
    const last = history.visibility.get(String(row['row_id']));
    const untouched = !failed(row) && !touched.has(row['row_id']);
    if (untouched && last !== undefined && row['vis_state'] !== last)
      return [`row ${row['row_id']} is ${row['vis_state']}, the last word was ${last}`];
    return [];
  });
}
