import { Redis } from 'ioredis';
import { pino } from 'pino';
import { openQueues } from '../../src/jobs/queues.js';
import { reconcileSchedules } from '../../src/jobs/schedules.js';
import { systemRuntime } from '../../src/runtime.js';
import { timed } from './database.js';
import { nameOf } from './many-accounts.js';
import { type Figure, round } from './report.js';

const SCHEDULES = 10_000;

/** What it costs to bring 10,000 schedules into Redis, to find them there, and how much memory each takes with its next job. */
export async function measureSchedules(redisUrl: string, databaseUrl: string): Promise<readonly Figure[]> {
  const queues = await openQueues({
    redisUrl,
    databaseUrl,
    prefix: 'bench-many',
    runtime: systemRuntime,
    log: pino({ level: 'silent' }),
  });
  const redis = new Redis(redisUrl);
  const memory = async () => Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
  const wanted = Array.from({ length: SCHEDULES }, (_, n) => {
    return { connection: nameOf(n), kind: 'poll', everyMs: 60_000 } as const;
  });
  try {
    const before = await memory();
    const made = await timed(() => reconcileSchedules(queues, wanted));
    const bytes = (await memory()) - before;
    const found = await timed(() => reconcileSchedules(queues, wanted));
    await reconcileSchedules(queues, []);
    return [
      {
        what: `${SCHEDULES} schedules made`,
        seconds: round(made / 1_000, 2),
        'Redis bytes each': round(bytes / SCHEDULES),
      },
      { what: `${SCHEDULES} schedules found`, seconds: round(found / 1_000, 2) },
    ];
  } finally {
    redis.disconnect();
    await queues.close();
  }
}
