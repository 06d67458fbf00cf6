import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { isReady, muteServer, serveDaemon, worldOn } from '../http/daemon.js';
import { createDoor } from '../jobs/door.js';
import { ownRedisUrl, until } from '../servers/index.js';
import { active, type World } from './world.js';

// Processes of their own, where the machine is busy.
vi.setConfig({ testTimeout: 120_000 });
const LONGEST_MS = 45_000;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What a supervisor may count on. */
const STOP_MS = 20_000;

test.each(['gone', 'frozen'] as const)('a database that is %s is stopped for in time', async (how) => {
  const { daemon, database } = await running();
  await (how === 'gone' ? database.shut() : database.freeze());
  await until('it is noticed', async () => !(await isReady(daemon)));
  await stopsInTime(daemon.program);
});

test.each(['gone', 'frozen'] as const)('a Redis that is %s is stopped for in time', async (how) => {
  const { daemon, redis } = await running();
  await (how === 'gone' ? redis.shut() : redis.freeze());
  await until('it is noticed', async () => !(await isReady(daemon)));
  await stopsInTime(daemon.program);
});

test('both servers frozen and both APIs silent are stopped for in time', async () => {
  const { world, daemon, redis, database } = await running();
  await hang(world);
  redis.freeze();
  database.freeze();
  await stopsInTime(daemon.program);
});

test('an API that never answers a read is stopped for at once', async () => {
  const { world, daemon } = await running();
  await hang(world);
  expect(await stopsInTime(daemon.program)).toBeLessThan(STOP_MS / 2);
  const runs = await world.sql`select outcome from sync.runs where finished_at is null`;
  expect(runs).toEqual([]);
});

test('an API that never answers a write is given a moment, and the next start finds out what came of it', async () => {
  const { world, daemon, env } = await running();
  const fault = world.sandbox.faults.add({
    api: 'freshbooks',
    route: 'tasks.create',
    fault: { kind: 'hang', when: 'after' },
  });
  await world.sql`insert into freshbooks.tasks (name) values ('Sent, and never answered')`;
  await until('it is sent', async () => {
    const rows = await world.sql`select from sync.writes where method = 'POST'`;
    return rows.length === 1;
  });
  await until('the API has made it', () => madeAtApi(world).length === 1);
  await stopsInTime(daemon.program);
  world.sandbox.faults.clear(fault);
  // As if the time had passed by which the API must have finished.
  await world.sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`update sync.writes set sent_at = sent_at - interval '5 minutes'`;
    await tx`update freshbooks.tasks set push_after = null`;
  });
  await serveDaemon(env);
  await until(
    'the row has the task',
    async () => {
      const [row] =
        await world.sql`select id, sync_state from freshbooks.tasks where name = 'Sent, and never answered'`;
      return row?.['sync_state'] === 'synced' && row['id'] !== null;
    },
    LONGEST_MS,
  );
  expect(madeAtApi(world)).toHaveLength(1);
});

test('a second signal ends it at once', async () => {
  const { world, daemon, database } = await running();
  await hang(world);
  database.freeze();
  daemon.program.kill('SIGTERM');
  await until('it stops', () => daemon.program.output().includes('taskmirror stops'));
  expect(await daemon.get('/healthz')).toMatchObject({ status: 200 });
  const asked = performance.now();
  await until('it has ended', async () => {
    daemon.program.kill('SIGTERM');
    return (await Promise.race([daemon.program.ended, null])) !== null;
  });
  expect(await daemon.program.ended).toBe(143);
  // Not the time that the first one is given.
  expect(performance.now() - asked).toBeLessThan(STOP_MS / 2);
});

test('with its servers down it waits, says so every few seconds, and starts when they come', async () => {
  const world = await worldOn('postgres');
  const [door, redisDoor] = [await createDoor(), await createDoor()];
  const DATABASE_URL = door.to(world.env['DATABASE_URL'] ?? '');
  await door.shut();
  const REDIS_URL = redisDoor.to(await ownRedisUrl());
  await redisDoor.shut();
  const daemon = await serveDaemon({ ...world.env, DATABASE_URL, REDIS_URL });
  const said = (words: RegExp): readonly number[] =>
    daemon.program
      .output()
      .split('\n')
      .filter((line) => words.test(line))
      .map((line) => Date.parse(JSON.parse(line).time));
  const saidOfDatabase = () => said(/The database .* can't be reached/);
  await until('it has said so twice', () => saidOfDatabase().length >= 2, LONGEST_MS);
  const [first = 0, second = 0] = saidOfDatabase();
  expect(second - first).toBeGreaterThan(4_000);
  await door.open();
  await until(
    'it has said so of the queue twice',
    () => said(/Can't reach the queue/).length >= 2,
    LONGEST_MS,
  );
  await redisDoor.open();
  await until('it is ready', () => isReady(daemon), LONGEST_MS);
  await until('it works', async () => (await active(world.sql, 'invoiced')) === 234, LONGEST_MS);
});

test('a database that never answers is waited for, and stopped for in time', async () => {
  const { env } = await worldOn('postgres');
  const DATABASE_URL = `postgres://me@127.0.0.1:${await muteServer()}/x`;
  const daemon = await serveDaemon({ ...env, DATABASE_URL });
  await stopsInTime(daemon.program);
});

test('Ctrl-C under npm lets it stop in order', async () => {
  const { env, sql, sandbox } = await worldOn('postgres', {
    invoiced: { tasks: 1_100 },
    freshbooks: { tasks: 3_000 },
  });
  // After the first few pages none comes: no read ends before it is stopped.
  for (const api of ['invoiced', 'freshbooks'] as const)
    sandbox.faults.add({ api, route: 'tasks.list', skip: 6, fault: { kind: 'hang' } });
  const { PATH, HOME } = process.env;
  // A process group of its own, all of which a terminal signals.
  const npm = spawn('npm', ['start'], {
    cwd: ROOT,
    env: { PATH, HOME, ...env },
    detached: true,
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => npm.once('close', resolve));
  onTestFinished(async () => {
    if (npm.exitCode === null && npm.signalCode === null) process.kill(-(npm.pid ?? 0), 'SIGKILL');
    await ended;
  });
  await until(
    'it reads',
    async () => (await sql`select from sync.runs where pages > 0`).length === 2,
    LONGEST_MS,
  );
  process.kill(-(npm.pid ?? 0), 'SIGINT');
  await ended;
  const runs = await sql`select outcome from sync.runs where kind = 'read'`;
  expect(runs.map(({ outcome }) => outcome)).toEqual(['interrupted', 'interrupted']);
});

/** A daemon at work on Redis, with a door before each server. */
async function running() {
  const world = await worldOn('redis');
  const [database, redis] = [await createDoor(), await createDoor()];
  const env = {
    ...world.env,
    DATABASE_URL: database.to(world.env['DATABASE_URL'] ?? ''),
    REDIS_URL: redis.to(world.env['REDIS_URL'] ?? ''),
  };
  const daemon = await serveDaemon(env);
  await until(
    'both accounts are read',
    async () => {
      const rows = await world.sql`select from sync.cursors`;
      return rows.length === 2;
    },
    LONGEST_MS,
  );
  return { world, daemon, database, redis, env };
}

/** Resolves when a poll waits for an answer that never comes. */
async function hang(world: World): Promise<void> {
  world.sandbox.faults.add({ api: '*', route: '*', fault: { kind: 'hang' } });
  await until(
    'both polls hang',
    async () => {
      const [polls] = await world.sql`
        select count(*)::int as count from sync.leases
        where kind = 'poll' and ends_at > clock_timestamp() + interval '1 second'
          and ends_at < clock_timestamp() + interval '29 seconds'`;
      return polls?.['count'] === 2;
    },
    LONGEST_MS,
  );
}

async function stopsInTime(program: {
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<unknown>;
}) {
  program.kill('SIGTERM');
  const asked = performance.now();
  expect(await program.ended).toBe(0);
  const ms = performance.now() - asked;
  expect(ms).toBeLessThan(STOP_MS);
  return ms;
}

function madeAtApi({ sandbox }: World): readonly unknown[] {
  return [...sandbox.freshbooks.people.tasks()].filter(({ name }) => name === 'Sent, and never answered');
}
