import { expect } from 'vitest';
import type { Connection, World } from './world.js';

/** What is compared: the mirror, and the API as people see it. */
type Sides = Pick<World, 'sql' | 'sandbox'>;

/**
 * Fails unless the mirror holds every task of the API, field by field, and no other that isn't deleted. Written without the
 * worker's codecs. `hidden` is for a FreshBooks that lists no deleted tasks: then only what is not deleted is compared. `linked`: a row that was
 * deleted before its task was made may stay, so that it can be restored like the one that it is linked to.
 */
export async function expectEqual(
  world: Sides,
  connection: Connection,
  { hidden = false, linked = false }: { readonly hidden?: boolean; readonly linked?: boolean } = {},
): Promise<void> {
  const shown = (tasks: Tasks) =>
    hidden ? Object.fromEntries(Object.entries(tasks).filter(([, task]) => task['vis_state'] !== 1)) : tasks;
  const { null: unmade, ...made } = await inMirror(world, connection);
  const stays = linked && unmade?.['vis_state'] === 1;
  const mirror = shown(unmade === undefined || stays ? made : { ...made, null: unmade });
  const api = shown(await atApi(world, connection));
  expect(Object.keys(mirror).length).toBe(Object.keys(api).length);
  expect(mirror).toEqual(api);
}

type Tasks = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

async function inMirror({ sql }: Sides, connection: Connection): Promise<Tasks> {
  const rows =
    connection === 'invoiced'
      ? await sql`
          select id, name, action, customer_id, user_id, extract(epoch from due_date)::bigint as due_date, complete,
            completed_by_user_id, extract(epoch from completed_date)::bigint as completed_date, chase_step_id,
            extract(epoch from created_at)::bigint as created_at, extract(epoch from updated_at)::bigint as updated_at
          from invoiced.tasks where vis_state = 0`
      : await sql`
          select id, name, description, rate_amount, rate_code, billable, tax1, tax2, vis_state,
            to_char(updated_at at time zone 'America/New_York', 'YYYY-MM-DD HH24:MI:SS') as updated
          from freshbooks.tasks`;
  return Object.fromEntries(rows.map((row) => [String(row['id']), { ...row }]));
}

async function atApi({ sandbox }: Sides, connection: Connection): Promise<Tasks> {
  const tasks: [string, Record<string, unknown>][] = [];
  if (connection === 'invoiced') {
    for (const task of sandbox.invoiced.people.tasks()) {
      const { id, name, action, complete } = task;
      const whole = (value: number | null) => (value === null ? null : String(value));
      tasks.push([
        String(id),
        {
          id: String(id),
          name,
          action,
          customer_id: whole(task.customer_id),
          user_id: whole(task.user_id),
          due_date: whole(task.due_date),
          complete,
          completed_by_user_id: whole(task.completed_by_user_id),
          completed_date: whole(task.completed_date),
          chase_step_id: whole(task.chase_step_id),
          created_at: whole(task.created_at),
          updated_at: whole(task.updated_at),
        },
      ]);
    }
  } else {
    for (const task of sandbox.freshbooks.people.tasks()) {
      tasks.push([
        String(task.id),
        {
          id: String(task.id),
          name: task.name,
          description: task.description,
          rate_amount: task.rate.amount,
          rate_code: task.rate.code,
          billable: task.billable,
          tax1: String(task.tax1 ?? 0),
          tax2: String(task.tax2 ?? 0),
          vis_state: task.vis_state,
          updated: task.updated,
        },
      ]);
    }
  }
  return Object.fromEntries(tasks);
}
