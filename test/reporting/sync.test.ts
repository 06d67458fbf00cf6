import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Desk, openDesk } from './desk.js';

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
  await desk.sql`insert into sync.cursors (connection, cursor) select name, now() from sync.connections`;
  await desk.sql`update sync.connections set last_pull_at = clock_timestamp() - interval '42 seconds'`;
});
afterEach(() => desk.close());

const health = async () =>
  (await desk.view('sync_health', 'connection')).map(({ lag_seconds, ...row }) => row);

test('a connection at rest is ok, and needs nobody', async () => {
  const [freshbooks] = await desk.view('sync_health', 'connection');
  expect(freshbooks).toMatchObject({
    connection: 'freshbooks',
    state: 'ok',
    pending: 0,
    oldest_pending: null,
    failed: 0,
    conflicts: 0,
    unreadable: 0,
    needs_person: null,
  });
  expect(freshbooks?.['lag_seconds']).toBeGreaterThanOrEqual(42);
  expect(freshbooks?.['lag_seconds']).toBeLessThan(120);
  expect(await desk.view('sync_errors', '1')).toEqual([]);
});

test.each([
  [
    `update sync.connections set paused_at = now()`,
    'paused',
    'Paused: taskmirror resume freshbooks goes on.',
  ],
  [`update sync.connections set problem = 'Consent again.'`, 'needs a person', 'Consent again.'],
  [`delete from sync.cursors`, 'first read', null],
  [`update sync.connections set last_pull_at = now() - interval '6 minutes'`, 'behind', null],
])('%s: %s', async (change, state, needs) => {
  await desk.sql.unsafe(change);
  expect((await health())[0]).toMatchObject({ state, needs_person: needs });
});

test('what waits, what was refused and what can not be read is counted, and told with its reason', async () => {
  const failed = await desk.synced('freshbooks', {
    name: 'Refused',
    sync_state: 'failed',
    sync_error: 'name is taken',
    edited_at: '2026-11-25T10:00:00Z',
  });
  const { row_id } = await desk.synced('freshbooks', { name: 'Waits' });
  await desk.sql`update freshbooks.tasks set name = 'Still waits' where row_id = ${row_id}`;
  await desk.sql`insert into sync.unreadable (connection, task_id, reason) values ('freshbooks', '12', 'id: too large')`;
  await desk.sql`
    insert into sync.conflicts (connection, row_id, field, winner, reason, restored_at)
    values ('freshbooks', ${row_id}, 'name', 'local', 'x', null), ('freshbooks', ${row_id}, 'name', 'local', 'x', now())`;
  const [freshbooks, invoiced] = await health();
  expect(freshbooks).toMatchObject({ pending: 1, failed: 1, unreadable: 1, conflicts: 1 });
  expect(freshbooks?.['oldest_pending']).not.toBeNull();
  expect(freshbooks?.['needs_person']).toBe('Changes that the API refused: 1, see reporting.sync_errors.');
  expect(invoiced).toMatchObject({ pending: 0, failed: 0, unreadable: 0, conflicts: 0 });
  expect(await desk.view('sync_errors', 'kind')).toEqual([
    {
      kind: 'row',
      source: 'freshbooks',
      connection: 'freshbooks',
      row_id: Number(failed.row_id),
      task_id: String(failed['id']),
      name: 'Refused',
      error: 'name is taken',
      since: expect.stringMatching(/^2026-11-25T10:00:00/),
      stopped: false,
    },
    expect.objectContaining({ kind: 'unreadable task', task_id: '12', error: 'id: too large' }),
  ]);
});

test('a last run that failed or was stopped is an error until one of its kind ends well', async () => {
  const run = (lease: string, outcome: string, error: string | null) => desk.sql`
    insert into sync.runs (connection, kind, lease, finished_at, outcome, error)
    values ('invoiced', ${lease === 'walk' ? 'sweep' : lease}, ${lease}, now(), ${outcome}, ${error})`;
  await run('poll', 'failed', 'no answer');
  await run('walk', 'stopped', '40 deletions wait for taskmirror resync --force');
  expect(
    (await desk.view('sync_errors', 'error')).map(({ name, error, stopped }) => [name, error, stopped]),
  ).toEqual([
    ['sweep', '40 deletions wait for taskmirror resync --force', true],
    ['poll', 'no answer', false],
  ]);
  expect((await health())[1]).toMatchObject({
    needs_person: '40 deletions wait for taskmirror resync --force',
  });
  await run('poll', 'ok', null);
  await run('walk', 'ok', null);
  expect(await desk.view('sync_errors', '1')).toEqual([]);
});

test('the activity of an hour adds up its runs, and only the last seven days are told', async () => {
  await desk.sql`
    insert into sync.runs (connection, kind, lease, started_at, finished_at, outcome, fetched, updated, pushed, conflicts)
    select 'invoiced', k, k, date_trunc('hour', now()) + m, date_trunc('hour', now()) + m + interval '2 seconds', o, 10, 2, 1, 3
    from (values ('poll', interval '0', 'ok'), ('poll', interval '1 minute', 'failed'), ('poll', interval '2 minutes', 'ok'),
      ('push', interval '0', 'ok'), ('poll', interval '-8 days', 'ok')) r (k, m, o)`;
  expect(await desk.view('sync_activity', 'kind')).toMatchObject([
    {
      connection: 'invoiced',
      kind: 'poll',
      runs: 3,
      ok: 2,
      not_ok: 1,
      fetched: 30,
      updated: 6,
      pushed: 3,
      conflicts: 9,
      busy_seconds: 6,
    },
    { connection: 'invoiced', kind: 'push', runs: 1, ok: 1, not_ok: 0, fetched: 10, busy_seconds: 2 },
  ]);
});

test('a kind that never ran costs no look at the runs of the others', async () => {
  await desk.sql`
    insert into sync.runs (connection, kind, lease, finished_at, outcome)
    select c, 'poll', 'poll', now(), 'ok' from generate_series(1, 10000), unnest(array['invoiced', 'freshbooks']) c`;
  await desk.sql`analyze sync.runs`;
  const plan = await desk.sql<
    { 'QUERY PLAN': string }[]
  >`explain (analyze, buffers, timing off) select * from reporting.sync_errors`;
  const [, pages] = /shared hit=(\d+)/.exec(plan.map((line) => line['QUERY PLAN']).join('\n')) ?? [];
  expect(Number(pages)).toBeLessThan(100);
});
