import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { createDoor } from '../jobs/door.js';
import { until } from '../servers/index.js';
import { isReady, muteServer, type Served, serveDaemon, worldOn } from './daemon.js';

// Processes of their own, where the machine is busy.
vi.setConfig({ testTimeout: 90_000 });
const LONGEST_MS = 30_000;

test('/metrics tells what was done and how things stand, for any number of accounts, and no secret', async () => {
  const world = await worldOn('redis');
  const daemon = await serveDaemon({ ...world.env, PUSH: 'off' });
  await until(
    'both accounts are read',
    async () => {
      const metrics = await scrape(daemon);
      return metrics.get('taskmirror_runs_total{kind="read",outcome="ok"}') === 2;
    },
    LONGEST_MS,
  );
  await world.sql`update freshbooks.tasks set name = name || '!' where row_id in (
    select row_id from freshbooks.tasks where vis_state = 0 limit 2)`;
  await world.sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`update invoiced.tasks set sync_state = 'failed', sync_error = 'no' where row_id in (
      select row_id from invoiced.tasks limit 3)`;
  });
  await world.sql`insert into sync.conflicts (connection, row_id, field, winner, reason)
    values ('invoiced', 1, 'name', 'remote', 'test')`;
  await world.sql`insert into sync.unreadable (connection, task_id, reason) values ('invoiced', '7', 'test')`;
  await world.sql`insert into sync.connections (name, source, poll_every_ms, sweep_every_ms, paused_at, problem)
    select 'account ' || n, 'invoiced', 60000, 60000, now(), 'its key is wrong' from generate_series(1, 1000) n`;

  const asked = performance.now();
  const { headers, text } = await daemon.get('/metrics');
  // What Prometheus gives a scrape, unless told otherwise.
  expect(performance.now() - asked).toBeLessThan(10_000);
  expect(headers.get('content-type')).toContain('version=0.0.4');
  const metrics = parse(text);
  const [freshbooks, invoiced] = ['freshbooks', 'invoiced'].map(
    (name) => `{connection="${name}",source="${name}"}`,
  );
  expect(Object.fromEntries(metrics)).toMatchObject({
    taskmirror_database_up: 1,
    taskmirror_queue_up: 1,
    'taskmirror_worker_attached{kind="poll"}': 1,
    'taskmirror_rows_total{kind="read",outcome="inserted"}': 234 + 178,
    'taskmirror_api_requests_total{source="freshbooks",route="oauth.token",method="POST",status="200"}': 1,
    [`taskmirror_pending_rows${freshbooks}`]: 2,
    [`taskmirror_pending_rows${invoiced}`]: 0,
    [`taskmirror_failed_rows${invoiced}`]: 3,
    [`taskmirror_open_conflicts${invoiced}`]: 1,
    [`taskmirror_unreadable_tasks${invoiced}`]: 1,
    [`taskmirror_connection_paused${invoiced}`]: 0,
    'taskmirror_connection_paused{connection="account 1000",source="invoiced"}': 1,
    'taskmirror_connection_problem{connection="account 1000",source="invoiced"}': 1,
    'taskmirror_queue_jobs{queue="walk",state="delayed"}': 2,
  });
  const value = (name: string) => metrics.get(name) ?? Number.NaN;
  expect(value(`taskmirror_lag_seconds${freshbooks}`)).toBeLessThan(30);
  expect(value(`taskmirror_oldest_pending_seconds${freshbooks}`)).toBeGreaterThan(0);
  expect(value('taskmirror_token_expiry_timestamp_seconds{credential="freshbooks"}')).toBeGreaterThan(
    Date.now() / 1_000,
  );
  const route = 'source="invoiced",route="tasks.list",method="GET"';
  const lists = value(`taskmirror_api_requests_total{${route},status="200"}`);
  expect(lists).toBeGreaterThan(2);
  expect(value(`taskmirror_api_request_duration_seconds_count{${route}}`)).toBe(lists);
  expect(value('taskmirror_api_budget_wait_seconds_count{source="invoiced",share="walk"}')).toBeGreaterThan(
    1,
  );
  expect(value('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(text).toMatch(/taskmirror_build_info\{version="\d+\.\d+\.\d+",node="v\d+/);

  // A thousand more accounts are a few more series each, and no more of anything that is counted.
  const of1000 = [...metrics.keys()].filter((name) => name.includes('"account 1000"'));
  expect(of1000.length).toBeLessThanOrEqual(8);
  expect([...metrics.keys()].filter((name) => !name.includes('connection=')).length).toBeLessThan(400);

  for (const name of SECRETS) expect(text).not.toContain(world.env[name]);
});

test('names and types follow the conventions, and all are documented', async () => {
  const world = await worldOn('postgres');
  const daemon = await serveDaemon(world.env);
  await until('it is ready', () => isReady(daemon), LONGEST_MS);
  const { text } = await daemon.get('/metrics');
  const types = [...text.matchAll(/^# TYPE (taskmirror_\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({
    name,
    type,
  }));
  expect(types.length).toBeGreaterThan(15);
  for (const { name, type } of types) {
    expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    expect({ name, counts: type === 'counter' }).toEqual({ name, counts: name.endsWith('_total') });
    expect(name).not.toMatch(/_(ms|milliseconds|minutes)(_|$)/);
  }
  const guide = readFileSync(new URL('../../docs/monitoring.md', import.meta.url), 'utf8');
  const told: readonly string[] = guide.match(/\b(?:taskmirror|nodejs)_[a-z_0-9]*[a-z0-9]/g) ?? [];
  const served = types.map(({ name }) => name);
  const base = (name: string) => name.replace(/_bucket$/, '');
  expect(served.filter((name) => !told.includes(name))).toEqual([]);
  expect(told.map(base).filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([]);
});

test('with a server gone a scrape tells so in time, and leaves out what it can not know', async () => {
  const world = await worldOn('redis');
  const [databaseDoor, redisDoor] = [await createDoor(), await createDoor()];
  const daemon = await serveDaemon({
    ...world.env,
    DATABASE_URL: databaseDoor.to(world.env['DATABASE_URL'] ?? ''),
    REDIS_URL: redisDoor.to(world.env['REDIS_URL'] ?? ''),
  });
  const lag = 'taskmirror_lag_seconds{connection="invoiced",source="invoiced"}';
  const depth = 'taskmirror_queue_jobs{queue="poll",state="waiting"}';
  await until(
    'all is known',
    async () => {
      const metrics = await scrape(daemon);
      const read = metrics.get('taskmirror_runs_total{kind="read",outcome="ok"}') === 2;
      return read && metrics.has(lag) && metrics.has(depth);
    },
    LONGEST_MS,
  );
  await databaseDoor.shut();
  let metrics = await until('the database is down', async () => {
    const seen = await scrape(daemon);
    return seen.get('taskmirror_database_up') === 0 ? seen : null;
  });
  expect(metrics.get('taskmirror_queue_up')).toBe(1);
  expect(metrics.has(lag)).toBe(false);
  await redisDoor.shut();
  metrics = await until('the queue is down too', async () => {
    const seen = await scrape(daemon);
    return seen.get('taskmirror_queue_up') === 0 ? seen : null;
  });
  expect(metrics.has(depth)).toBe(false);
  expect(metrics.get('taskmirror_runs_total{kind="read",outcome="ok"}')).toBe(2);
  await Promise.all([databaseDoor.open(), redisDoor.open()]);
  await until(
    'both are back',
    async () => {
      const seen = await scrape(daemon);
      return seen.has(lag) && seen.has(depth);
    },
    LONGEST_MS,
  );
});

test('a database that takes connections and never answers does not hang a scrape', async () => {
  const daemon = await serveDaemon({ DATABASE_URL: `postgres://me@127.0.0.1:${await muteServer()}/x` });
  const asked = performance.now();
  const scrapes = await Promise.all([scrape(daemon), scrape(daemon), scrape(daemon)]);
  expect(performance.now() - asked).toBeLessThan(10_000);
  for (const metrics of scrapes) expect(metrics.get('taskmirror_database_up')).toBe(0);
});

async function scrape({ get }: Served): Promise<ReadonlyMap<string, number>> {
  return parse((await get('/metrics')).text);
}

function parse(text: string): ReadonlyMap<string, number> {
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

const SECRETS = [
  'INVOICED_API_KEY',
  'FRESHBOOKS_REFRESH_TOKEN',
  'FRESHBOOKS_CLIENT_SECRET',
  'CREDENTIALS_KEY',
] as const;
