import type { Row } from 'postgres';
import type { Connection, World } from '../../sync/world.js';

/** A task in words that both sides share: every field a text, by name. `vis_state` too. */
export type Told = Readonly<Record<string, string>>;

/** What a row of the mirror says. Written without the worker's codecs. */
export function toldByRow(connection: Connection, row: Row): Told {
  if (connection === 'freshbooks') {
    return {
      name: String(row['name']),
      description: String(row['description']),
      rate: row['rate_amount'] === null ? 'none' : Number(row['rate_amount']).toFixed(2),
      code: String(row['rate_code']),
      tax1: String(row['tax1']),
      tax2: String(row['tax2']),
      billable: String(row['billable']),
      vis_state: String(row['vis_state']),
    };
  }
  const due = row['due_date'];
  return {
    name: String(row['name']),
    due_date: due instanceof Date ? String(due.getTime() / 1000) : 'none',
    customer_id: String(row['customer_id']),
    user_id: String(row['user_id']),
    action: String(row['action']),
    complete: String(row['complete']),
    vis_state: String(row['vis_state']),
  };
}

/** All tasks as people see them at the API, by id; at FreshBooks the deleted ones too. */
export function toldByApi({ sandbox }: Pick<World, 'sandbox'>, connection: Connection): Map<string, Told> {
  const tasks = new Map<string, Told>();
  if (connection === 'freshbooks') {
    for (const task of sandbox.freshbooks.people.tasks()) {
      tasks.set(String(task.id), {
        name: task.name,
        description: task.description,
        rate: Number(task.rate.amount).toFixed(2),
        code: task.rate.code,
        tax1: String(task.tax1 ?? 0),
        tax2: String(task.tax2 ?? 0),
        billable: String(task.billable),
        vis_state: String(task.vis_state),
      });
    }
    return tasks;
  }
  for (const task of sandbox.invoiced.people.tasks()) {
    tasks.set(String(task.id), {
      name: task.name,
      due_date: String(task.due_date),
      customer_id: String(task.customer_id),
      user_id: String(task.user_id),
      action: task.action,
      complete: String(task.complete),
      vis_state: '0',
    });
  }
  return tasks;
}

export const rowsOf = ({ sql }: Pick<World, 'sql'>, connection: Connection) =>
  sql`select * from ${sql(`${connection}.tasks`)} order by row_id`;
