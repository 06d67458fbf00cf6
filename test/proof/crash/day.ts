import type { Connection, World } from '../../sync/world.js';
import { rowsOf, toldByApi, toldByRow } from '../storm/sides.js';
import { unequal, wanting } from './unequal.js';

/** A day's work on both sides of one connection, and what must be of it in the end. */
export interface Day {
  /** Where what is does not equal what was wanted, on either side. Empty when all is well. */
  faults(): Promise<readonly string[]>;
}

/**
 * With SQL a task is renamed, one deleted, one restored, one made and one changed in two ways; at the API another field of the renamed
 * one is changed, one task is made, one changed and one deleted. `number` tells the days apart. `known`: whether the mirror holds what was
 * made there before anything is sent: else a create that nobody knows the outcome of might have made it, which is for a person to say.
 */
export async function work(
  world: World,
  connection: Connection,
  number: number,
  known: boolean,
): Promise<Day> {
  const { sql } = world;
  const table = sql(`${connection}.tasks`);
  const label = `Day ${String(number).padStart(5, '0')}`;
  const people = atApi(world, connection);
  people.make(`${label} theirs`);
  if (known) await world.poll(connection);
  const active = await sql`
    select row_id, id from ${table}
    where vis_state = 0 and sync_state = 'synced' and id is not null and name <> ${`${label} theirs`}
    order by row_id desc limit 6`;
  const [renamed, deleted, changed, touched, gone] = active;
  if (!renamed || !deleted || !changed || !touched || !gone) throw new Error('there are too few tasks');
  const [restored] = await sql`
    select row_id from ${table} where vis_state = 1 and sync_state = 'synced' order by edited_at desc nulls last, row_id desc limit 1`;
  const theirs = String(70_000 + number);

  const [made] =
    connection === 'invoiced'
      ? await sql`insert into invoiced.tasks (name, action, due_date) values (${`${label} new`}, 'phone', '2026-12-01Z') returning row_id`
      : await sql`insert into freshbooks.tasks (name, description) values (${`${label} new`}, 'Made here') returning row_id`;
  await sql`update ${table} set name = ${`${label} renamed`} where row_id = ${renamed['row_id']}`;
  await sql`delete from ${table} where row_id = ${deleted['row_id']}`;
  if (restored) await sql`update ${table} set vis_state = 0 where row_id = ${restored['row_id']}`;
  if (connection === 'invoiced')
    await sql`update invoiced.tasks set complete = true, name = ${`${label} done`} where row_id = ${changed['row_id']}`;
  else
    await sql`update freshbooks.tasks set vis_state = 2, name = ${`${label} done`} where row_id = ${changed['row_id']}`;

  people.touch(Number(renamed['id']), theirs);
  people.touch(Number(touched['id']), theirs);
  people.remove(Number(gone['id']));

  return {
    faults: async () => {
      const rows = await rowsOf(world, connection);
      const api = toldByApi(world, connection);
      const row = (id: unknown) => {
        const found = rows.find((each) => String(each['row_id']) === String(id));
        return found === undefined ? undefined : toldByRow(connection, found);
      };
      const field = connection === 'invoiced' ? 'user_id' : 'description';
      const done = connection === 'invoiced' ? { complete: 'true' } : { vis_state: '2' };
      return [
        ...wanting('the renamed row', row(renamed['row_id']), { name: `${label} renamed`, [field]: theirs }),
        ...wanting('the deleted row', row(deleted['row_id']), { vis_state: '1' }),
        ...wanting('the changed row', row(changed['row_id']), { name: `${label} done`, ...done }),
        ...wanting('the touched row', row(touched['row_id']), { [field]: theirs }),
        ...wanting('the row of what was deleted at the API', row(gone['row_id']), { vis_state: '1' }),
        ...wanting('the new row', row(made?.['row_id']), { name: `${label} new`, vis_state: '0' }),
        ...(restored ? wanting('the restored row', row(restored['row_id']), { vis_state: '0' }) : []),
        ...[`${label} new`, `${label} theirs`].flatMap((name) => {
          const tasks = [...api.values()].filter((task) => task['name'] === name).length;
          return tasks === 1 ? [] : [`there are ${tasks} tasks named ${name}`];
        }),
        ...(await unequal(world, connection)),
        ...(await conflicts(world, connection)),
      ];
    },
  };
}

/** What people do at the API, in words that both have. */
function atApi({ sandbox: { invoiced, freshbooks } }: World, connection: Connection) {
  return connection === 'invoiced'
    ? {
        touch: (id: number, value: string) => void invoiced.people.edit(id, { user_id: Number(value) }),
        remove: (id: number) => invoiced.people.remove(id),
        make: (name: string) => void invoiced.people.create({ name }),
      }
    : {
        touch: (id: number, value: string) => void freshbooks.people.editTask(id, { description: value }),
        remove: (id: number) => void freshbooks.people.deleteTask(id),
        make: (name: string) => void freshbooks.people.createTask({ name }),
      };
}

async function conflicts({ sql }: World, connection: Connection): Promise<readonly string[]> {
  // One is right that tells of what can't be known: whether a write whose answer was lost has arrived, and was undone within the same second,
  // give or take two for the clocks, and one each by which the task's time and the answer's are cut.
  const rows = await sql`
    select c.row_id, c.field, c.local, c.remote, c.reason from sync.conflicts c where c.connection = ${connection} and not (
      c.winner = 'local' and c.reason like '%unknown outcome%been undone%' and exists (
        select from sync.writes w where w.row_id = c.row_id and w.sent_at < c.created_at and w.status is null
          and w.sent ? c.field and abs(extract(epoch from w.sent_at - w.task_updated_at)) < 4))`;
  return rows.map((row) => `a conflict that nobody made: ${JSON.stringify(row)}`);
}
