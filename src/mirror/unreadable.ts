import { sql } from 'drizzle-orm';
import { type Executor, fromMicros } from './database.js';

/** A task that the API sends and that can't be mirrored. */
export interface Unreadable {
  readonly id: string;
  readonly reason: string;
}

export async function listUnreadable(db: Executor, connection: string): Promise<readonly Unreadable[]> {
  return db.rows<{ id: string; reason: string }>(sql`
    select task_id as id, reason from sync.unreadable where connection = ${connection} order by task_id`);
}

/** Reports tasks that can't be read; one that is known with the same reason costs no write. */
export async function reportUnreadable(
  db: Executor,
  connection: string,
  tasks: readonly Unreadable[],
): Promise<void> {
  await db.rows(sql`
    insert into sync.unreadable as u (connection, task_id, reason)
    select distinct on (i.id) ${connection}, i.id, i.reason
    from jsonb_to_recordset(${JSON.stringify(tasks)}::text::jsonb) as i (id text, reason text)
    on conflict (connection, task_id) do update set reason = excluded.reason where u.reason <> excluded.reason`);
}

/**
 * Takes back those of the reports that are older than a walk over everything which did not meet them. `inOne` is for a walk that
 * knows of itself all that it met; of one in slices only the ids of tasks are kept.
 */
export async function clearVanished(
  db: Executor,
  { connection, walkId, startedAt }: { connection: string; walkId: string; startedAt: number },
  ids: readonly string[],
  inOne: boolean,
): Promise<void> {
  await db.rows(sql`
    delete from sync.unreadable u
    where u.connection = ${connection} and u.first_seen_at < ${fromMicros(startedAt)}
      and u.task_id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb))
      and (${inOne} or case when u.task_id ~ '^[0-9]{1,15}$' then not exists (
        select from sync.walk_pages p where p.walk_id = ${walkId}::bigint and u.task_id::bigint = any(p.ids)
      ) else false end)`);
}

/** Takes back the reports of tasks that could be read after all, or are gone. */
export async function clearUnreadable(
  db: Executor,
  connection: string,
  ids: readonly string[],
): Promise<void> {
  await db.rows(sql`
    delete from sync.unreadable
    where connection = ${connection}
      and task_id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb))`);
}
