import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makeFolder } from '../cli/command.js';
import { runProgram } from '../daemon/process.js';
import { createDoor } from '../jobs/door.js';
import { freePort, ownRedisUrl, until } from '../servers/index.js';
import { isReady, muteServer, type Served, serveDaemon, worldOn } from './daemon.js';

// Processes of their own, where the machine is busy.
vi.setConfig({ testTimeout: 90_000 });
const LONGEST_MS = 30_000;

test('/healthz answers while the daemon still waits for its database; /readyz says what is missing, then that it works', async () => {
  const world = await worldOn('postgres');
  const door = await createDoor();
  const DATABASE_URL = door.to(world.env['DATABASE_URL'] ?? '');
  await door.shut();
  const daemon = await serveDaemon({ ...world.env, DATABASE_URL });
  expect(await daemon.get('/healthz')).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  const { status, text } = await daemon.get('/readyz');
  expect(status).toBe(503);
  expect(JSON.parse(text)).toEqual({
    ready: false,
    checks: {
      database: {
        ok: false,
        reason: "it can't be reached (ECONNREFUSED): check DATABASE_URL and that PostgreSQL runs",
      },
      queue: { ok: false, reason: expect.stringContaining('not open yet') },
      workers: { ok: false, reason: expect.stringContaining('none has started yet') },
    },
  });
  await door.open();
  await until('it is ready', () => isReady(daemon), LONGEST_MS);
  expect((await checksOf(daemon)).workers).toEqual({ ok: true });
});

test.each(['postgres', 'redis'] as const)(
  'with its servers gone, %s as the queue, /readyz tells which within its own time, /healthz does not mind, and both come back',
  async (queue) => {
    const world = await worldOn(queue);
    const [databaseDoor, redisDoor] = [await createDoor(), await createDoor()];
    const REDIS_URL = world.env['REDIS_URL'];
    const daemon = await serveDaemon({
      ...world.env,
      DATABASE_URL: databaseDoor.to(world.env['DATABASE_URL'] ?? ''),
      ...(REDIS_URL && { REDIS_URL: redisDoor.to(REDIS_URL) }),
    });
    await until('it is ready', () => isReady(daemon), LONGEST_MS);
    const door = queue === 'redis' ? redisDoor : databaseDoor;
    await door.shut();
    await until('it is not ready', async () => !(await isReady(daemon)));
    const checks = await checksOf(daemon);
    expect(checks.queue).toMatchObject({ ok: false, reason: expect.stringContaining("can't be reached") });
    expect(checks.database.ok).toBe(queue === 'redis');
    expect((await daemon.get('/healthz')).status).toBe(200);
    await door.open();
    await until('it is ready again', () => isReady(daemon), LONGEST_MS);
  },
);

test('a server that takes connections and never answers does not hold /readyz up', async () => {
  const world = await worldOn('postgres');
  const daemon = await serveDaemon({
    ...world.env,
    DATABASE_URL: `postgres://me@127.0.0.1:${await muteServer()}/x`,
  });
  const asked = performance.now();
  const checks = await checksOf(daemon);
  expect(performance.now() - asked).toBeLessThan(9_000);
  expect(checks.database).toMatchObject({
    ok: false,
    reason: expect.stringContaining('no answer within 2 s'),
  });
});

test('a Redis that may throw jobs away makes it not ready, with the cure', async () => {
  const REDIS_URL = await ownRedisUrl();
  const world = await worldOn('postgres');
  const daemon = await serveDaemon({ ...world.env, REDIS_URL });
  await until('it is ready', () => isReady(daemon), LONGEST_MS);
  const redis = new Redis(REDIS_URL);
  onTestFinished(() => redis.disconnect());
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  expect((await checksOf(daemon)).queue).toMatchObject({
    ok: false,
    reason: expect.stringContaining('Set it to noeviction'),
  });
});

test('an event loop that is stuck leaves /healthz without an answer', async () => {
  const stuck = join(makeFolder(), 'stuck.mjs');
  writeFileSync(stuck, "process.on('SIGUSR2', () => { for (;;); });");
  const daemon = await serveDaemon({
    DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none`,
    NODE_OPTIONS: `--import=${stuck}`,
  });
  expect((await daemon.get('/healthz')).status).toBe(200);
  daemon.program.kill('SIGUSR2');
  await until('it does not answer', () =>
    daemon.get('/healthz', { signal: AbortSignal.timeout(1_000) }).then(
      () => false,
      (error) => error.name === 'TimeoutError',
    ),
  );
});

test('a port that is taken ends it with 2 and the cure', async () => {
  const other = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const world = await worldOn('postgres');
  const program = runProgram(['start'], {
    env: { ...world.env, HTTP_PORT: String(port) },
    folder: makeFolder(),
  });
  expect(await program.ended).toBe(2);
  expect(program.errors()).toContain(`HTTP_PORT=${port} (EADDRINUSE)`);
  expect(program.errors()).toContain('set HTTP_PORT to another port');
  expect(program.errors().trim().split('\n')).toHaveLength(1);
});

async function checksOf({ get }: Served) {
  return JSON.parse((await get('/readyz')).text).checks as Record<
    'database' | 'queue' | 'workers',
    { ok: boolean; reason?: string }
  >;
}
