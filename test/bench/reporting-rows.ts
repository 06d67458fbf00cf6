import type postgres from 'postgres';
import { asWorker } from './database.js';

/**
 * A large mirror of some years: a million tasks of each source, of which 100,000 are open and 20,000 are active services;
 * runs of two connections that poll each minute, for 90 days; 40,000 changes of rates over 18 months; some edits that wait or were refused.
 */
export async function fillLargeMirror(sql: postgres.Sql): Promise<void> {
  const sources = ['invoiced', 'freshbooks'] as const;
  for (const source of sources) await sql.unsafe(`alter table ${source}.tasks disable trigger user`);
  for (const statement of STATEMENTS) await sql.unsafe(statement);
  for (const source of sources) await sql.unsafe(`alter table ${source}.tasks enable trigger user`);
  for (const step of [1, 2])
    await asWorker(
      sql,
      `update freshbooks.tasks set rate_amount = rate_amount + ${step} where vis_state = 0`,
    );
  await sql`update freshbooks.task_versions set valid_to = now() - interval '20 minutes' * (40001 - version_id)`;
  await vacuumed(sql);
}

/**
 * As autovacuum leaves tables that have come to rest. Rows whose commit may not be flushed yet are no ground for marking a page
 * all-visible, and the server for benchmarks commits so; index-only scans would then read the table as well.
 */
async function vacuumed(sql: postgres.Sql): Promise<void> {
  await sql`set synchronous_commit = on`;
  await sql`create table flushed ()`;
  await sql`drop table flushed`;
  await sql`vacuum analyze`;
  await sql`reset synchronous_commit`;
  const unmarked = await sql<{ name: string; pages: number }[]>`
    select oid::regclass::text as name, relpages - relallvisible as pages from pg_class
    where oid in ('invoiced.tasks'::regclass, 'freshbooks.tasks'::regclass) and relallvisible < relpages`;
  for (const { name, pages } of unmarked)
    throw new Error(`${pages} pages of ${name} are not marked all-visible`);
}

const STATEMENTS = [
  `insert into sync.connections (name, source, poll_every_ms, sweep_every_ms, last_pull_at, last_push_at)
   select name, name, 60000, 21600000, now(), now() from unnest(array['invoiced', 'freshbooks']) name`,
  `insert into sync.cursors (connection, cursor) select name, now() from sync.connections`,
  // 900,000 done over the last two years, spread over the table as they come; 100,000 open, due between 60 days ago and in 60 days.
  `insert into invoiced.tasks (row_id, connection, id, name, action, customer_id, user_id, due_date, complete, completed_date,
     raw, synced_at, first_seen_at, created_at, updated_at, sync_state)
   select nextval('sync.row_ids'), 'invoiced', i, 'Call customer ' || i, (array['phone', 'email', 'letter', 'review'])[i % 4 + 1],
     i % 50000, i % 50, done - interval '1 day' * (i % 11 - 5), not open, case when not open then done end,
     jsonb_build_object('id', i, 'name', 'Call customer ' || i, 'customer_id', i % 50000, 'user_id', i % 50, 'complete', not open),
     now(), now() - interval '1 day', done - interval '20 days', done,
     case when i % 100003 = 0 then 'failed' when i % 50021 = 0 then 'pending' else 'synced' end
   from (select i, i % 10 = 0 as open,
       case when i % 10 = 0 then now() + interval '1 hour' * (i / 10 % 2880 - 1440)
         else now() - interval '1 second' * (i::bigint * 7919 % 63072000) end as done
     from generate_series(1, 1000000) i) t`,
  `insert into freshbooks.tasks (row_id, connection, id, name, description, rate_amount, rate_code, billable, vis_state,
     raw, synced_at, first_seen_at, updated_at, sync_state)
   select nextval('sync.row_ids'), 'freshbooks', i, 'Painting ' || i % 990000, 'Walls and ceilings', i % 200, 'USD', i % 5 > 0,
     case when i % 50 = 0 then 0 else 1 + i % 2 end,
     jsonb_build_object('id', i, 'name', 'Painting ' || i, 'rate', jsonb_build_object('amount', (i % 200)::text, 'code', 'USD')),
     now(), now() - interval '1 day', now() - interval '1 minute' * i,
     case when i % 100003 = 0 then 'failed' when i % 50021 = 0 then 'pending' else 'synced' end
   from generate_series(1, 1000000) i`,
  `insert into sync.runs (connection, kind, lease, started_at, finished_at, outcome, pages, fetched, updated)
   select c, 'poll', 'poll', at, at + interval '300 milliseconds', case when i % 5000 = 0 then 'failed' else 'ok' end, 1, 3, 1
   from generate_series(0, 129599) i cross join unnest(array['invoiced', 'freshbooks']) c,
     lateral (select now() - interval '1 minute' * (129599 - i) as at) t`,
  `insert into sync.conflicts (connection, row_id, field, winner, reason, restored_at)
   select 'freshbooks', i, 'rate', 'remote', 'policy', case when i % 10 > 0 then now() end from generate_series(1, 10000) i`,
];
