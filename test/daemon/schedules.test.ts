import { Redis } from 'ioredis';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { keepSchedules } from '../../src/daemon/schedules.js';
import { openQueues } from '../../src/jobs/queues.js';
import { queueState } from '../../src/jobs/state.js';
import { declareConnections } from '../../src/mirror/connections.js';
import { openDatabase } from '../../src/mirror/database.js';
import { type Runtime, systemRuntime } from '../../src/runtime.js';
import { createTestDatabase, redisUrl, unique, until } from '../servers/index.js';

const DAY = 86_400_000;

test('a connection is polled and walked, and a flush of the queue changes that for a moment only', async () => {
  const { queues, flush } = await kept();
  const scheduled = async () => {
    const kinds = (await queueState(queues)).filter(({ schedules }) =>
      schedules.some(({ connection }) => connection === 'invoiced'),
    );
    return kinds.map(({ kind }) => kind).sort();
  };
  const all = ['poll', 'walk'].join();
  await until('it is scheduled', async () => (await scheduled()).join() === all);
  // No worker is there that could make a schedule anew as it ends the job of the former one.
  await flush();
  await until('it is scheduled again', async () => (await scheduled()).join() === all);
});

test.each([
  [4_000, 80_000],
  // The clock was set, or a server was waited for.
  [3_600_000, 600_000],
])('what takes %i ms to compare rests for %i', async (tookMs, restMs) => {
  let now = 0;
  const rests: number[] = [];
  const runtime: Runtime = {
    ...systemRuntime,
    now: () => {
      now += tookMs;
      return now;
    },
    sleep: async (ms, signal) => {
      rests.push(ms);
      await systemRuntime.sleep(DAY, signal);
    },
  };
  await kept(runtime);
  expect(await until('it rests', () => rests[0])).toBe(restMs);
});

/** The schedules of one connection, kept by nobody but `keepSchedules`, on a Redis of many. */
async function kept(runtime: Runtime = systemRuntime) {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const db = openDatabase(database.url, { applicationName: 'taskmirror test' });
  onTestFinished(() => db.close());
  await declareConnections(db, [{ name: 'invoiced', source: 'invoiced', pollEvery: DAY, sweepEvery: DAY }]);
  const log = pino({ level: 'silent' });
  const prefix = unique('schedules');
  const queues = await openQueues({
    redisUrl: redisUrl(),
    databaseUrl: database.url,
    runtime: systemRuntime,
    log,
    prefix,
  });
  onTestFinished(() => queues.close());
  const stop = new AbortController();
  const mine = () => false;
  const keeping = keepSchedules(
    { db, queues, runtime, log, mine, refresh: async () => {}, everyMs: 50 },
    stop.signal,
  );
  onTestFinished(async () => {
    stop.abort();
    await keeping.ended;
  });
  const flush = async (): Promise<void> => {
    const redis = new Redis(redisUrl());
    const keys = await redis.keys(`${prefix}:*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  };
  return { queues, flush };
}
