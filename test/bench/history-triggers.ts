import type postgres from 'postgres';
import type { SourceName } from './sandbox.js';

/** Whether versions are kept of what happens to a source's tasks from now on. */
export async function setHistory(sql: postgres.Sql, source: SourceName, kept: boolean): Promise<void> {
  const table = `${source}.tasks`;
  const triggers = await sql<{ name: string }[]>`
    select tgname as name from pg_trigger where tgrelid = ${table}::regclass and tgname like 'zz_versions%'`;
  if (triggers.length === 0) throw new Error(`There are no triggers for history on ${table}.`);
  for (const { name } of triggers)
    await sql.unsafe(`alter table ${table} ${kept ? 'enable' : 'disable'} trigger ${name}`);
}
