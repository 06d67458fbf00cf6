import { Redis } from 'ioredis';
import { pino } from 'pino';
import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TaskmirrorError } from '../../src/errors.js';
import { followResync } from '../../src/jobs/follow.js';
import { KINDS } from '../../src/jobs/kinds.js';
import { openQueues } from '../../src/jobs/queues.js';
import { requestResync } from '../../src/jobs/requests.js';
import { reconcileSchedules } from '../../src/jobs/schedules.js';
import { checkRedis, queueState } from '../../src/jobs/state.js';
import { systemRuntime } from '../../src/runtime.js';
import { createTestDatabase, freePort, ownRedisUrl, unique, until } from '../servers/index.js';
import { createDoor } from './door.js';
import { BACKENDS, createCalls, createPlace, DONE, endOf, silent } from './harness.js';

const changes = { connection: 'invoiced', full: false, since: null, force: false } as const;
const poll = { connection: 'invoiced', kind: 'poll', everyMs: 300 } as const;

describe.each(BACKENDS)('a queue on %s whose server', (backend) => {
  const address = (port: number) => ({
    redisUrl: backend === 'redis' ? `redis://:secret@127.0.0.1:${port}` : null,
    databaseUrl: `postgres://worker:secret@127.0.0.1:${port}/mirror`,
    runtime: systemRuntime,
    log: silent,
  });

  test('is not there is an error that names it and its setting, and no password', async () => {
    const port = await freePort();
    const start = performance.now();
    const error = await openQueues(address(port)).catch((reason) => reason);
    expect(performance.now() - start).toBeLessThan(4_000);
    expect(error).toBeInstanceOf(TaskmirrorError);
    expect(error.code).toBe('unavailable');
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.message).toContain(backend === 'redis' ? 'REDIS_URL' : 'DATABASE_URL');
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.message).not.toContain('secret');
  });

  test('is not there yet is waited for by a daemon, which says so and can be stopped', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
    const stop = new AbortController();
    // Its sleep lasts until the test has seen the line.
    const runtime = { ...systemRuntime, sleep: (_: number, signal?: AbortSignal) => aborted(signal) };
    const opened = openQueues({ ...address(await freePort()), log, runtime, patience: stop.signal });
    await until('it says so', () => lines.length === 1);
    expect(lines[0]).toContain("Can't reach the queue");
    expect(lines[0]).not.toContain('secret');
    stop.abort(new Error('Stopped.'));
    await expect(opened).rejects.toThrow('Stopped.');
  });

  test('goes away refuses commands at once, and takes them when it is back', async () => {
    const door = await createDoor();
    const place = await createPlace(backend, door.to);
    const queues = await place.open();
    const requested = await requestResync(queues, changes);
    const states = followResync(queues, requested, AbortSignal.timeout(15_000));
    await states.next();
    await door.shut();

    const start = performance.now();
    await expect(requestResync(queues, changes)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(reconcileSchedules(queues, [poll])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(queueState(queues)).rejects.toMatchObject({ code: 'unavailable' });
    expect(performance.now() - start).toBeLessThan(5_000);
    expect((await states.next()).value).toMatchObject({ state: 'unreachable' });

    await door.open();
    await until('it is back', () => queueState(queues).catch(() => null));
    expect(await requestResync(queues, changes)).toMatchObject({ deduplicated: true });
    await until('it is followed again', async () => (await states.next()).value?.state === 'waiting');
  });

  test('goes away costs workers nothing but time', async () => {
    const door = await createDoor();
    const place = await createPlace(backend, door.to);
    const queues = await place.open();
    const { calls, perform } = createCalls();
    await place.work(queues, perform, { lockDuration: 2_000, stalledInterval: 500 });
    await reconcileSchedules(queues, [poll]);
    (await until('it runs', () => calls[0])).answer(DONE);
    // One is under way when the server goes.
    const underWay = await until('it runs again', () => calls[1]);
    await door.shut();
    underWay.answer(DONE);
    await until('it is gone', () =>
      queueState(queues).then(
        () => false,
        () => true,
      ),
    );
    await door.open();
    (await until('it runs after the return', () => calls[2], 15_000)).answer(DONE);
    (await until('and again', () => calls[3], 15_000)).answer(DONE);
  });

  test('goes away while workers start lets them start when it is back', async () => {
    const door = await createDoor();
    const place = await createPlace(backend, door.to);
    const queues = await place.open();
    const requested = await requestResync(queues, changes);
    const starting = place.work(queues, async () => DONE);
    await door.shut();
    await starting;
    await door.open();
    expect(await endOf(queues, requested)).toMatchObject({ state: 'ok' });
  });

  test('goes away while a request is done ends that request when it is back', async () => {
    const door = await createDoor();
    const place = await createPlace(backend, door.to);
    const queues = await place.open();
    const runs: string[] = [];
    await place.work(
      queues,
      async (work) => {
        runs.push(work.connection);
        if (runs.length === 1) await door.shut();
        return DONE;
      },
      { lockDuration: 1_000, stalledInterval: 300 },
    );
    const requested = await requestResync(queues, changes);
    await until('the server has gone', () => runs.length === 1);
    await door.open().catch(() => {});
    expect(await endOf(queues, requested)).toMatchObject({ state: 'ok' });
  });

  test('is gone does not keep a process from stopping', async () => {
    const door = await createDoor();
    const place = await createPlace(backend, door.to);
    const queues = await place.open();
    const { calls, perform } = createCalls();
    const workers = await place.work(queues, perform);
    await requestResync(queues, changes);
    const call = await until('it runs', () => calls[0]);
    call.signal.addEventListener('abort', () => {
      call.answer({ state: 'done', runId: '1', outcome: 'interrupted', error: null });
    });
    await door.shut();
    const start = performance.now();
    await workers.close(1_000);
    await queues.close();
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('Redis', () => {
  test('that was flushed gets its schedules back, and who follows a request learns that it vanished', async () => {
    const place = await createPlace('redis');
    const queues = await place.open();
    const { calls, perform } = createCalls();
    const hourly = { ...poll, everyMs: 3_600_000 };
    await reconcileSchedules(queues, [poll, hourly, { ...hourly, connection: 'freshbooks' }].slice(1));
    const requested = await requestResync(queues, changes);
    await flush(place.prefix, place.redisUrl);
    expect(await endOf(queues, requested)).toEqual({ state: 'vanished' });

    await place.work(queues, perform);
    await flush(place.prefix, place.redisUrl);
    expect(await reconcileSchedules(queues, [poll])).toMatchObject({ made: 1 });
    (await until('it runs', () => calls[0])).answer(DONE);
    // And a flush while a worker waits, and while one works.
    const second = await until('it runs again', () => calls[1]);
    await flush(place.prefix, place.redisUrl);
    second.answer(DONE);
    expect(await reconcileSchedules(queues, [poll])).toMatchObject({ made: 1 });
    (await until('it runs a third time', () => calls[2])).answer(DONE);
    expect((await queueState(queues))[0]?.schedules).toHaveLength(1);
  });

  test('that came back empty is filled again, and its workers go on', async () => {
    const door = await createDoor();
    const place = await createPlace('redis', door.to);
    const queues = await place.open();
    const { calls, perform } = createCalls();
    await place.work(queues, perform);
    await reconcileSchedules(queues, [poll]);
    (await until('it runs', () => calls[0])).answer(DONE);
    await door.shut();
    door.to(await ownRedisUrl());
    await door.open();
    const made = await until('the schedules are made', () =>
      reconcileSchedules(queues, [poll]).catch(() => null),
    );
    expect(made.made + made.kept).toBe(1);
    const before = calls.length;
    for (const call of calls) call.answer(DONE);
    (await until('it runs', () => calls[before], 15_000)).answer(DONE);
  });

  // These change the settings of a server, which must be their own.
  test('that refuses the password is an error at once, even to a daemon, and shows no password', async () => {
    const url = await ownRedisUrl();
    const redis = new Redis(url);
    onTestFinished(() => redis.disconnect());
    await redis.config('SET', 'requirepass', 'right');
    const lines: string[] = [];
    const error = await openQueues({
      redisUrl: url.replace('//', '//:hunter2@'),
      databaseUrl: '',
      runtime: systemRuntime,
      log: pino({ level: 'trace' }, { write: (line: string) => lines.push(line) }),
      patience: new AbortController().signal,
    }).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'configuration' });
    expect(error.message).toContain('WRONGPASS');
    expect(error.message + lines.join('')).not.toContain('hunter2');
  });

  test('that may throw away jobs is a problem, said with its cure', async () => {
    const redisUrl = await ownRedisUrl();
    const options = { redisUrl, databaseUrl: '', prefix: unique('jobs') };
    const queues = await openQueues({ ...options, runtime: systemRuntime, log: silent });
    onTestFinished(() => queues.close());
    expect(await checkRedis(queues)).toBeNull();
    const redis = new Redis(redisUrl);
    onTestFinished(() => redis.disconnect());
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await checkRedis(queues)).toContain('Set it to noeviction.');
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
  });
});

describe('PostgreSQL', () => {
  test('without BullMQ’s tables gets them from any number of processes that start together', async () => {
    const database = await createTestDatabase({ empty: true });
    onTestFinished(() => database.drop());
    const options = { redisUrl: null, databaseUrl: database.url, runtime: systemRuntime, log: silent };
    const opened = await Promise.all(Array.from({ length: 6 }, () => openQueues(options)));
    for (const queues of opened) {
      expect(await queueState(queues)).toHaveLength(KINDS.length);
      await queues.close();
    }
  });

  test('where we may not make BullMQ’s tables is an error at once, even to a daemon', async () => {
    const database = await createTestDatabase({ empty: true });
    onTestFinished(() => database.drop());
    const role = unique('stranger');
    const admin = postgres(database.adminUrl, { max: 1 });
    onTestFinished(async () => {
      await admin`drop role ${admin(role)}`;
      await admin.end();
    });
    await admin`create role ${admin(role)} login`;
    const url = new URL(database.url);
    url.username = role;
    const patience = new AbortController().signal;
    const options = { redisUrl: null, databaseUrl: url.href, runtime: systemRuntime, log: silent, patience };
    await expect(openQueues(options)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('permission denied'),
    });
  });

  test('has no settings to be checked', async () => {
    const place = await createPlace('postgres');
    expect(await checkRedis(await place.open())).toBeNull();
  });
});

async function flush(prefix: string, url: string | null): Promise<void> {
  const redis = new Redis(url ?? '');
  const keys = await redis.keys(`${prefix}:*`);
  if (keys.length > 0) await redis.del(keys);
  redis.disconnect();
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}
