import type postgres from 'postgres';
import { asWorker } from './database.js';

/** Tasks as the APIs send them, some 400 bytes of JSON each, so many of each source. */
export async function fillForCapture(sql: postgres.Sql, rows: number): Promise<void> {
  await asWorker(
    sql,
    `insert into invoiced.tasks (row_id, id, name, action, customer_id, user_id, due_date, raw, synced_at, first_seen_at,
       created_at, updated_at)
     select nextval('sync.row_ids'), i, 'Call customer ' || i, 'phone', i % 5000, i % 50,
       timestamptz '2026-01-01Z' + i * interval '1 minute',
       jsonb_build_object('id', i, 'name', 'Call customer ' || i, 'action', 'phone', 'customer_id', i % 5000,
         'user_id', i % 50, 'due_date', 1767225600 + i * 60, 'complete', false, 'completed_date', null,
         'completed_by_user_id', null, 'chase_step_id', null, 'created_at', 1767225600, 'updated_at', 1767225600 + i,
         'bill', null, 'bill_id', null, 'vendor_credit', null),
       now(), now(), now(), timestamptz '2026-01-01Z' + i * interval '1 second'
     from generate_series(1, ${rows}) i`,
  );
  await asWorker(
    sql,
    `insert into freshbooks.tasks (row_id, id, name, description, rate_amount, rate_code, raw, synced_at, first_seen_at, updated_at)
     select nextval('sync.row_ids'), i, 'Painting ' || i, 'Walls and ceilings', i % 200, 'USD',
       jsonb_build_object('id', i, 'taskid', i, 'name', 'Painting ' || i, 'tname', 'Painting ' || i,
         'description', 'Walls and ceilings', 'tdesc', 'Walls and ceilings', 'billable', true, 'tax1', 0, 'tax2', 0,
         'rate', jsonb_build_object('amount', (i % 200)::text || '.00', 'code', 'USD'), 'vis_state', 0,
         'updated', '2026-01-01 00:00:00'),
       now(), now(), timestamptz '2026-01-01Z' + i * interval '1 second'
     from generate_series(1, ${rows}) i`,
  );
}
