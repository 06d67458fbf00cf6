import { Redis } from 'ioredis';
import { pino } from 'pino';
import postgres from 'postgres';
import { expect, test, vi } from 'vitest';
import { readConfig } from '../../src/config/read-config.js';
import { startDaemon } from '../../src/daemon/daemon.js';
import { type Runtime, systemRuntime } from '../../src/runtime.js';
import { createDoor } from '../jobs/door.js';
import { createTestDatabase, freePort, redisUrl, unique, until } from '../servers/index.js';
import { expectEqual } from '../sync/equality.js';
import { active, openWorld, type World } from './world.js';

// Each daemon reads two accounts first, which takes its time where the machine is busy.
vi.setConfig({ testTimeout: 90_000 });
const LONGEST_MS = 30_000;

test.each(['postgres', 'redis'] as const)(
  'reads both accounts and follows them, with its queue on %s, and leaves nothing open',
  async (queue) => {
    const world = await openWorld({ queue });
    const daemon = await world.start();
    await isRead(world);
    await followsAChange(world);
    await daemon.stop();
    // A connection that was ended is listed until the server has noticed.
    await until('no connection is open', async () => {
      const open = await world.sql`
        select from pg_stat_activity
        where datname = current_database() and application_name like 'taskmirror%'`;
      return open.count === 0;
    });
  },
);

test('two daemons share the work: each account is read once, and no two runs of a kind overlap', async () => {
  const world = await openWorld({ queue: 'redis', sandbox: { latency: 100 } });
  await Promise.all([world.start({ POLL_EVERY: '100ms' }), world.start({ POLL_EVERY: '100ms' })]);
  await isRead(world);
  await until('both accounts were polled many times', async () => {
    const [polls] = await world.sql`
      select count(*)::int as count from sync.runs where kind = 'poll' and finished_at is not null`;
    return polls?.['count'] > 20;
  });
  const redis = new Redis(redisUrl());
  const schedules = ['poll', 'walk'].map((kind) =>
    redis.zrange(`${world.prefix}:taskmirror-${kind}:repeat`, '0', '-1'),
  );
  const both = ['freshbooks', 'invoiced'];
  expect((await Promise.all(schedules)).map((names) => names.sort())).toEqual([both, both]);
  redis.disconnect();
  expect(await world.sql`select connection from sync.runs where kind = 'read' order by 1`).toEqual([
    { connection: 'freshbooks' },
    { connection: 'invoiced' },
  ]);
  // One that begins while another ends has noted its start before it waits for the other's lease: a moment, not half a run.
  const overlaps = await world.sql`
    select a.connection, a.kind from sync.runs a join sync.runs b
      on a.connection = b.connection and a.kind = b.kind and a.run_id < b.run_id
    where least(a.finished_at, b.finished_at) - greatest(a.started_at, b.started_at)
      > least(a.finished_at - a.started_at, b.finished_at - b.started_at) / 2`;
  expect(overlaps).toEqual([]);
});

test('a queue that is flushed comes back by itself', async () => {
  const world = await openWorld({ queue: 'redis' });
  await world.start({}, { reconcileEvery: 300 });
  await isRead(world);
  const redis = new Redis(redisUrl());
  const keys = await redis.keys(`${world.prefix}:*`);
  expect(keys.length).toBeGreaterThan(0);
  await redis.del(keys);
  redis.disconnect();
  await followsAChange(world);
});

test('an edit that woke nobody is sent all the same', async () => {
  const world = await openWorld({ queue: 'redis' });
  await world.start({ PUSH_DELAY: '0' }, { scanEvery: 300 });
  await isRead(world);
  await until('its first walks are over', async () => {
    const [left] = await world.sql`
      select (select count(*) from sync.walks) + (select count(*) from sync.runs where finished_at is null and kind <> 'poll') as count`;
    return left?.['count'] === '0';
  });
  // As if it had been told of while nobody listened: marked, and by a transaction that tells nobody.
  const id = await world.sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    const [edited] = await tx`
      update invoiced.tasks set name = 'Call the butcher', sync_state = 'pending', edited_at = clock_timestamp()
      where row_id = (select min(row_id) from invoiced.tasks where vis_state = 0) returning id`;
    return Number(edited?.['id']);
  });
  const told = () => world.sandbox.invoiced.people.task(id)?.name === 'Call the butcher';
  await until('the API has it', told, LONGEST_MS);
});

test('a database that goes away and comes back costs nothing but time, and is stopped for at once', async () => {
  const world = await openWorld();
  const door = await createDoor();
  const DATABASE_URL = door.to(world.env['DATABASE_URL'] ?? '');
  const daemon = await world.start({ DATABASE_URL }, { reconcileEvery: 100 });
  await isRead(world);
  await door.shut();
  await until(
    'it says so',
    () => world.lines.some(({ msg }) => /database .* can't be reached/.test(String(msg))),
    LONGEST_MS,
  );
  await door.open();
  // As if the half minute had passed for which a run that was cut off is waited for.
  await world.sql`update sync.leases set ends_at = clock_timestamp()`;
  await followsAChange(world);

  await door.shut();
  const asked = performance.now();
  await daemon.stop();
  expect(performance.now() - asked).toBeLessThan(10_000);
});

test('a stop that can not close everything in time tells so', async () => {
  const world = await openWorld();
  const door = await createDoor();
  // As if the time had passed that a stop may take.
  const runtime: Runtime = {
    ...systemRuntime,
    sleep: (ms, signal) => (ms === 19_000 ? Promise.resolve() : systemRuntime.sleep(ms, signal)),
  };
  const daemon = await world.start({ DATABASE_URL: door.to(world.env['DATABASE_URL'] ?? '') }, { runtime });
  door.freeze();
  expect(await daemon.stop()).toBe(false);
  expect(world.lines.map(({ msg }) => msg)).toContainEqual(
    expect.stringContaining('Not everything could be closed'),
  );
  await door.shut();
});

test('what an administrator must run for the roles is told at start', async () => {
  const database = await createTestDatabase({ empty: true });
  const user = unique('humble');
  const admin = postgres(database.adminUrl, { max: 1, onnotice: () => {} });
  const name = admin(user);
  await admin`create role ${name} login`;
  await admin`grant create on database ${admin(new URL(database.url).pathname.slice(1))} to ${name}`;
  const config = readConfig({
    DATABASE_URL: Object.assign(new URL(database.url), { username: user }).href,
    HTTP_PORT: 'off',
  });
  const said: Record<string, unknown>[] = [];
  const daemon = startDaemon(
    { ...config, databaseUrl: config.databaseUrl ?? '' },
    {
      runtime: systemRuntime,
      log: pino({ level: 'warn' }, { write: (line) => void said.push(JSON.parse(line)) }),
    },
  );
  await daemon.ready;
  await daemon.stop();
  expect(said).toContainEqual(
    expect.objectContaining({
      msg: expect.stringContaining('an administrator runs these statements'),
      statements: expect.arrayContaining([`GRANT taskmirror_writer TO ${user}`]),
    }),
  );
  await admin`drop owned by ${name} cascade`;
  await admin`drop role ${name}`;
  await admin.end();
  await database.drop();
});

test('waits for a database that is not there yet, says so, and stops in the middle of it', async () => {
  const config = readConfig({
    DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none`,
    HTTP_PORT: 'off',
  });
  const said: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void said.push(JSON.parse(line).msg) });
  const daemon = startDaemon(
    { ...config, databaseUrl: config.databaseUrl ?? '' },
    { runtime: systemRuntime, log },
  );
  await until('it says so', () => said.length > 0);
  expect(said[0]).toMatch(/can't be reached .*DATABASE_URL.* Waiting for it\.$/);
  await daemon.stop();
  await daemon.ready;
});

test('a wrong key stops its own connection alone, and says what to do', async () => {
  const world = await openWorld();
  await world.start({ INVOICED_API_KEY: 'wrong' });
  await until('the other one is read', async () => (await active(world.sql, 'freshbooks')) === 178);
  const problem = await problemOf(world, 'invoiced');
  expect(problem).toMatch(/401 unauthorized .*check the credentials .*INVOICED_API_KEY/);
  expect(await active(world.sql, 'invoiced')).toBe(0);
});

test('FreshBooks without a consent waits for one, and a new one in the environment heals it', async () => {
  const world = await openWorld();
  const daemon = await world.start({ FRESHBOOKS_REFRESH_TOKEN: '' });
  expect(await problemOf(world, 'freshbooks')).toMatch(/consent/);
  await until('the other one is read', async () => (await active(world.sql, 'invoiced')) === 234);
  await daemon.stop();
  await world.start();
  await isRead(world);
  await until('the problem is gone', async () => {
    const [row] = await world.sql`select problem from sync.connections where name = 'freshbooks'`;
    return row?.['problem'] === null;
  });
});

test('a key that does not open the stored consent is a configuration error, and nothing is overwritten', async () => {
  const world = await openWorld();
  const daemon = await world.start();
  await isRead(world);
  await daemon.stop();
  const before = await world.sql`select sealed from sync.credentials`;
  const other = Buffer.alloc(32, 8).toString('base64');
  await expect(world.start({ CREDENTIALS_KEY: other })).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('CREDENTIALS_KEY'),
  });
  expect(await world.sql`select sealed from sync.credentials`).toEqual(before);
});

test('a worker without the secret of a connection leaves it to others, and says so once', async () => {
  const world = await openWorld();
  const whole = await world.start();
  await isRead(world);
  await whole.stop();
  await world.start({ INVOICED_API_KEY: '' }, { reconcileEvery: 100 });
  const { id } = world.sandbox.freshbooks.people.createTask({ name: 'Paint the fence' });
  await until('its own connection is followed', async () => {
    const rows = await world.sql`select from freshbooks.tasks where id = ${id}`;
    return rows.length === 1;
  });
  const said = () => world.lines.filter(({ msg }) => String(msg).includes('has no secret'));
  await until('it looked several times', async () => {
    const [polls] =
      await world.sql`select count(*)::int as count from sync.runs where connection = 'freshbooks'`;
    return polls?.['count'] > 5;
  });
  expect(said()).toMatchObject([{ connection: 'invoiced', level: 40 }]);
});

test('without an account it runs and says how to add one', async () => {
  const world = await openWorld();
  await world.start({ INVOICED_API_KEY: '', FRESHBOOKS_ACCOUNT_ID: '' });
  expect(world.lines.map(({ msg }) => msg)).toContainEqual(
    expect.stringMatching(/No account is configured yet.*INVOICED_API_KEY/),
  );
});

async function isRead(world: World): Promise<void> {
  for (const connection of ['invoiced', 'freshbooks'] as const) {
    await until(`${connection} is equal`, () => expectEqual(world, connection).then(() => true), LONGEST_MS);
  }
}

async function followsAChange({ sandbox, sql }: World): Promise<void> {
  const { id } = sandbox.invoiced.people.create({ name: 'Call the baker' });
  await until(
    'the new task is there',
    async () => {
      const rows = await sql`select from invoiced.tasks where id = ${id} and name = 'Call the baker'`;
      return rows.length === 1;
    },
    LONGEST_MS,
  );
}

async function problemOf({ sql }: World, connection: string): Promise<string> {
  return until(`${connection} has a problem`, async () => {
    const [row] = await sql`select problem from sync.connections where name = ${connection}`;
    return row?.['problem'] as string | null | undefined;
  });
}
