import type postgres from 'postgres';
import type { BenchWorker } from './ground.js';
import type { SourceName } from './sandbox.js';

/** The ids that the sandbox gives its first tasks. */
export const FIRST_ID = { invoiced: 788, freshbooks: 159_361 } as const;

const ROWS: Readonly<Record<SourceName, string>> = {
  invoiced: `
    insert into invoiced.tasks (row_id, connection, id, name, action, customer_id, user_id, due_date, complete, raw, synced_at,
      first_seen_at, created_at, updated_at)
    select nextval('sync.row_ids'), 'invoiced', $1 + i, 'Call customer ' || i, 'phone', i % 50000, i % 50, at, i % 10 > 0,
      jsonb_build_object('id', $1 + i, 'name', 'Call customer ' || i, 'action', 'phone', 'customer_id', i % 50000, 'user_id', i % 50,
        'due_date', extract(epoch from at)::bigint, 'complete', i % 10 > 0, 'created_at', extract(epoch from at)::bigint,
        'updated_at', extract(epoch from at)::bigint),
      now(), now(), at, at
    from generate_series(0, $2 - 1) i, lateral (select date_trunc('second', now() - interval '60 days') - i * interval '10 seconds' as at) t`,
  freshbooks: `
    insert into freshbooks.tasks (row_id, connection, id, name, description, rate_amount, rate_code, raw, synced_at, first_seen_at,
      updated_at)
    select nextval('sync.row_ids'), 'freshbooks', $1 + i, 'Painting ' || i, 'Walls and ceilings', i % 200, 'USD',
      jsonb_build_object('id', $1 + i, 'name', 'Painting ' || i, 'description', 'Walls and ceilings', 'vis_state', 0,
        'rate', jsonb_build_object('amount', (i % 200)::text || '.00', 'code', 'USD'), 'updated', '2025-01-01 00:00:00'),
      now(), now(), now() - interval '60 days'
    from generate_series(0, $2 - 1) i`,
};

/**
 * Fills the mirror with tasks of the ids that the API has, for what looks at few of them: those that a poll looks at are brought by one, the
 * others come by one INSERT.
 */
export async function fillSynthetic(worker: BenchWorker, source: SourceName, rows: number): Promise<void> {
  const { sql } = worker;
  await sql`insert into sync.cursors (connection, cursor, walked_again) values (${source}, clock_timestamp(), true)`;
  for (let turn = 0; turn < 2; turn++) await worker.work('poll', source);
  const statement = `${ROWS[source]} on conflict (connection, id) do nothing`;
  await withoutTriggers(sql, source, () => sql.unsafe(statement, [FIRST_ID[source], rows]));
  await sql.unsafe(`vacuum (freeze, analyze) ${source}.tasks`);
}

async function withoutTriggers(
  sql: postgres.Sql,
  source: SourceName,
  work: () => PromiseLike<unknown>,
): Promise<void> {
  await sql.unsafe(`alter table ${source}.tasks disable trigger user`);
  await work();
  await sql.unsafe(`alter table ${source}.tasks enable trigger user`);
}
