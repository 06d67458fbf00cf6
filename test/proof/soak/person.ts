import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type postgres from 'postgres';
import type { Sandbox } from '../../../src/sandbox/index.js';
import { programOf } from '../../daemon/program.js';

/**
 * Somebody who does what failed rows ask for: looks at the API whether the task is there, and says so by the command that the row names.
 * Gives how often.
 */
export async function decideCreates(
  sql: postgres.Sql,
  { invoiced, freshbooks }: Sandbox,
  databaseUrl: string,
): Promise<number> {
  let decided = 0;
  for (const [source, tasks] of [
    ['invoiced', () => invoiced.people.tasks()],
    ['freshbooks', () => freshbooks.people.tasks()],
  ] as const) {
    const rows = await sql`
      select row_id, name from ${sql(source)}.tasks
      where sync_state = 'failed' and id is null and sync_error like '%--adopt ID%'`;
    for (const { row_id, name } of rows) {
      const made = [...tasks()].find((task) => task.name === name);
      const decision = made === undefined ? ['--create'] : ['--adopt', String(made.id)];
      const env = { PATH: process.env['PATH'], DATABASE_URL: databaseUrl };
      const saidSo = await promisify(execFile)(
        process.execPath,
        [...programOf(), 'retry', String(row_id), ...decision],
        { env },
      ).catch((error: unknown) => {
        // Their connection is cut as well, now and then: they try again later.
        if (error instanceof Error && /can't be reached/.test(error.message)) return null;
        throw error;
      });
      if (saidSo === null) continue;
      decided += 1;
    }
  }
  return decided;
}
