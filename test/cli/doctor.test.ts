import { Redis } from 'ioredis';
import { expect, test, vi } from 'vitest';
import { judgeServer } from '../../src/cli/doctor/database.js';
import { judgeRedis } from '../../src/cli/doctor/queue.js';
import { runProgram } from '../daemon/process.js';
import { KEY, openWorld, type World } from '../daemon/world.js';
import { ownRedisUrl, redisUrl, until } from '../servers/index.js';
import { makeFolder, run } from './command.js';

// Daemons read their accounts first, which takes its time where the machine is busy.
vi.setConfig({ testTimeout: 120_000 });

interface Finding {
  readonly check: string;
  readonly subject: string;
  readonly state: string;
  readonly message: string;
  readonly cure: string | null;
}

/** A world whose accounts are read, and whose daemon has ended: what is checked is the servers, not the worker. */
async function readWorld(): Promise<World> {
  const world = await openWorld({ sandbox: { invoiced: { tasks: 3 }, freshbooks: { tasks: 3 } } });
  const daemon = await world.start();
  await until('both are read', async () => (await world.sql`select from sync.cursors`).length === 2, 30_000);
  await daemon.stop();
  return world;
}

async function check(
  world: World,
  env: Record<string, string> = {},
): Promise<{ code: number; faults: Finding[]; all: Finding[] }> {
  const { code, output, errors } = await run(['doctor', '--json'], { env: { ...world.env, ...env } });
  expect(errors).toBe('');
  const { ok, checks } = JSON.parse(output);
  expect(ok).toBe(code === 0);
  return { code, all: checks, faults: checks.filter(({ state }: Finding) => state !== 'ok') };
}

test('says of a healthy whole that it is well, as a process, with one harmless read of each API', async () => {
  const world = await readWorld();
  const mark = world.sandbox.log.mark();
  const env = { ...world.env, REDIS_URL: redisUrl() };
  const program = runProgram(['doctor'], { env, folder: makeFolder() });
  expect({ code: await program.ended, errors: program.errors() }).toEqual({ code: 0, errors: '' });
  const lines = program.output().split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(program.output()).toContain('PostgreSQL');
  expect(program.output()).toMatch(/^ok {7}invoiced: Invoiced answers/m);
  expect(program.output()).toMatch(/^ok {7}freshbooks: FreshBooks answers for the account/m);

  const asked = world.sandbox.log.entries({ after: mark });
  expect(asked.map(({ api, route }) => `${api} ${route}`).sort()).toEqual([
    'freshbooks tasks.list',
    'freshbooks users.me',
    'invoiced tasks.list',
  ]);
  for (const secret of ['INVOICED_API_KEY', 'CREDENTIALS_KEY', 'FRESHBOOKS_CLIENT_SECRET']) {
    expect(program.output()).not.toContain(world.env[secret]);
  }
});

test.each([
  [
    'a wrong key',
    (w: World) => {
      w.sandbox.invoiced.options.apiKey = 'other';
    },
    {},
    /401/,
    /Check the key/,
  ],
  [
    'a closed account',
    (w: World) => {
      w.sandbox.invoiced.options.account = 'closed';
    },
    {},
    /402/,
    /Reopen/,
  ],
  [
    'a key that may not read',
    (w: World) => {
      w.sandbox.invoiced.options.permission = 'none';
    },
    {},
    /403/,
    /right to read/,
  ],
  [
    'a wrong account id',
    () => {},
    { FRESHBOOKS_ACCOUNT_ID: 'wrong' },
    /can't enter the account wrong, only xZNQ1X/,
    /Correct FRESHBOOKS_ACCOUNT_ID/,
  ],
  [
    'a client role',
    (w: World) => {
      w.sandbox.freshbooks.options.role = 'client';
    },
    {},
    /is a client of the account/,
    /Have the owner/,
  ],
  [
    'a user without permission',
    (w: World) => {
      w.sandbox.freshbooks.options.permission = 'none';
    },
    {},
    /Permission denied/,
    /right to read/,
  ],
  [
    'an expired consent',
    (w: World) => {
      w.sandbox.freshbooks.oauth.revoke();
    },
    {},
    /no longer works/,
    /taskmirror connect freshbooks/,
  ],
  [
    "a clock that is off, by the APIs' Date",
    (w: World) => {
      w.sandbox.clock.advance(605_000);
    },
    {},
    /clock is 10 m( \d s)? behind/,
    /NTP/,
  ],
  ['an API that is not there', () => {}, { INVOICED_BASE_URL: 'http://127.0.0.1:9' }, /network/, /base URL/],
])('tells %s, with the cure', async (_, spoil, env, message, cure) => {
  const world = await readWorld();
  spoil(world);
  const { code, faults } = await check(world, env);
  expect(code).toBe(1);
  expect(faults).toContainEqual(
    expect.objectContaining({
      state: 'failed',
      message: expect.stringMatching(message),
      cure: expect.stringMatching(cure),
    }),
  );
  // What is whole is told to be whole.
  expect(new Set(faults.map(({ check: one }) => one)).size).toBe(1);
});

test('tells a consent that lacks a scope', async () => {
  const world = await readWorld();
  world.sandbox.freshbooks.options.scopes = ['user:billable_items:read', 'user:profile:read'];
  const { refresh_token: FRESHBOOKS_REFRESH_TOKEN } = world.sandbox.freshbooks.oauth.grant();
  const [last] = await world.sql<{ run: string }[]>`select max(run_id)::text as run from sync.runs`;
  const daemon = await world.start({ FRESHBOOKS_REFRESH_TOKEN });
  await until(
    'it has polled with the new consent',
    async () => {
      const rows = await world.sql`
      select from sync.runs where connection = 'freshbooks' and outcome = 'ok' and run_id > ${last?.run ?? '0'}`;
      return rows.length > 0;
    },
    30_000,
  );
  await daemon.stop();
  const { code, faults } = await check(world);
  expect(code).toBe(1);
  expect(faults).toEqual([
    expect.objectContaining({
      subject: 'freshbooks',
      message: 'The consent lacks the scope user:billable_items:write.',
      cure: expect.stringMatching(/taskmirror connect freshbooks/),
    }),
  ]);
});

test('tells a key that may only read by the last write that was refused', async () => {
  const world = await openWorld({
    sandbox: { invoiced: { tasks: 3, options: { permission: 'read' } }, freshbooks: { tasks: 1 } },
  });
  const daemon = await world.start();
  await until('it is read', async () => (await world.sql`select from sync.cursors`).length === 2, 30_000);
  await world.sql`update invoiced.tasks set name = 'Edited here'`;
  await until(
    'a write was refused',
    async () => (await world.sql`select from sync.writes where status = 403`).length > 0,
    30_000,
  );
  await daemon.stop();
  const { faults } = await check(world);
  expect(faults).toContainEqual(
    expect.objectContaining({
      subject: 'invoiced',
      message: expect.stringMatching(/may read only/),
      // The rows wait, and none has failed: nothing is to be retried.
      cure: expect.stringMatching(/what waits is then sent by itself/),
    }),
  );
});

test('uses up no token: an expired one is renewed as workers do, and a paused one not at all', async () => {
  const world = await readWorld();
  const consent = await world.sql`select rotated_at from sync.credentials`;
  await run(['pause', 'freshbooks'], { env: world.env });
  world.sandbox.clock.advance(13 * 3_600_000);
  const mark = world.sandbox.log.mark();
  const paused = await check(world);
  expect(paused.faults).toContainEqual(
    expect.objectContaining({
      subject: 'freshbooks',
      state: 'skipped',
      message: expect.stringMatching(/paused/),
    }),
  );
  expect(world.sandbox.log.count({ after: mark, route: 'oauth.token' })).toBe(0);
  expect(await world.sql`select rotated_at from sync.credentials`).toEqual(consent);

  await run(['resume', 'freshbooks'], { env: world.env });
  await check(world);
  expect(world.sandbox.log.count({ after: mark, route: 'oauth.token' })).toBe(1);
  // Its successor is where the workers look for it.
  await world.start();
  world.sandbox.freshbooks.people.createTask({ name: 'After the doctor' });
  await until(
    'the worker goes on',
    async () => (await world.sql`select from freshbooks.tasks where name = 'After the doctor'`).length === 1,
    30_000,
  );
});

test('tells a missing CREDENTIALS_KEY, one that opens nothing, and when a former one may go', async () => {
  const world = await readWorld();
  const bare = { ...world.env, FRESHBOOKS_ACCOUNT_ID: '' };
  const of = async (key: string) =>
    (await check({ ...world, env: bare }, { CREDENTIALS_KEY: key })).all.filter(
      ({ check: one }) => one === 'secrets',
    );
  const next = Buffer.alloc(32, 9).toString('base64');
  expect(await of('')).toEqual([
    expect.objectContaining({ state: 'failed', message: expect.stringMatching(/is not set, but 1 secret/) }),
  ]);
  expect(await of(next)).toEqual([
    expect.objectContaining({
      state: 'failed',
      message: expect.stringMatching(/does not open what is stored \(freshbooks\)/),
      cure: expect.stringMatching(/comma-separated/),
    }),
  ]);
  expect(await of(`${next},${KEY}`)).toEqual([
    expect.objectContaining({ state: 'warning', cure: expect.stringMatching(/Keep all keys, and restart/) }),
  ]);

  const daemon = await world.start({ CREDENTIALS_KEY: `${next},${KEY}` });
  await daemon.stop();
  expect(world.lines.map((line) => line['msg'])).toContain(
    'Stored secrets were sealed anew with the first key.',
  );
  expect(await of(`${next},${KEY}`)).toEqual([
    expect.objectContaining({ state: 'warning', cure: expect.stringMatching(/drop the 1 other/) }),
  ]);
  expect(await of(next)).toEqual([expect.objectContaining({ state: 'ok' })]);

  const { output, errors, code } = await run(['start'], { env: world.env });
  expect({ code, errors }).toEqual({
    code: 2,
    errors: expect.stringMatching(/CREDENTIALS_KEY does not open the stored credentials: give the key/),
  });
  expect(output).not.toContain('taskmirror works');
});

test('tells a Redis that may throw jobs away', async () => {
  const world = await readWorld();
  const REDIS_URL = await ownRedisUrl();
  const client = new Redis(REDIS_URL);
  await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  client.disconnect();
  const { code, faults } = await check(world, { REDIS_URL });
  expect(code).toBe(1);
  expect(faults).toContainEqual(
    expect.objectContaining({
      check: 'queue',
      state: 'failed',
      message: expect.stringMatching(/allkeys-lru/),
      cure: 'Set maxmemory-policy to noeviction.',
    }),
  );
  expect(faults).toContainEqual(
    expect.objectContaining({ check: 'queue', state: 'warning', cure: 'Set appendonly to yes.' }),
  );
  const gone = await check(world, { REDIS_URL: 'redis://127.0.0.1:9' });
  expect(gone.faults).toEqual([
    expect.objectContaining({ check: 'queue', state: 'failed', cure: expect.stringMatching(/REDIS_URL/) }),
  ]);
});

test('tells servers that are too old', () => {
  const facts = { versionName: '14.11', inRecovery: false, clock: 0 };
  expect(judgeServer({ ...facts, version: 140_011 })).toEqual([
    expect.objectContaining({
      state: 'failed',
      message: 'PostgreSQL 14.11 is too old.',
      cure: 'Upgrade it to 15 or newer.',
    }),
  ]);
  expect(judgeServer({ ...facts, version: 150_000 })).toEqual([expect.objectContaining({ state: 'ok' })]);
  const redis = (version: string) =>
    judgeRedis('Redis', { version, evictionPolicy: 'noeviction', persistent: true })[0]?.state;
  expect(['5.0.14', '6.0.20', '6.2.0', '7.0.15', '10.1.0'].map(redis)).toEqual([
    'failed',
    'failed',
    'ok',
    'ok',
    'ok',
  ]);
});

test('a setting that is not valid, a database that is not there and one that was never migrated are faults with a cure, not crashes', async () => {
  const world = await readWorld();
  const setting = await check(world, { POLL_EVERY: '0s' });
  expect(setting.all).toEqual([
    expect.objectContaining({
      check: 'configuration',
      state: 'failed',
      message: expect.stringMatching(/POLL_EVERY=0s/),
    }),
  ]);
  const gone = await check(world, { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' });
  expect(gone.faults).toEqual([
    expect.objectContaining({
      check: 'database',
      state: 'failed',
      cure: expect.stringMatching(/DATABASE_URL/),
    }),
  ]);
  await world.sql`drop schema sync cascade`;
  const empty = await check(world);
  expect(empty.faults).toEqual([
    expect.objectContaining({
      check: 'database',
      subject: 'tables',
      cure: expect.stringMatching(/taskmirror migrate/),
    }),
  ]);
  expect(await run(['doctor', '--fix'], { env: world.env })).toMatchObject({ code: 2 });
});
