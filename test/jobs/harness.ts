import { Redis } from 'ioredis';
import { pino } from 'pino';
import postgres from 'postgres';
import { onTestFinished } from 'vitest';
import { followResync, type ResyncState } from '../../src/jobs/follow.js';
import { openQueues, type Queues } from '../../src/jobs/queues.js';
import type { Requested } from '../../src/jobs/requests.js';
import { startWorkers, type Workers, type WorkersOptions } from '../../src/jobs/workers.js';
import { systemRuntime } from '../../src/runtime.js';
import type { Perform, Work, WorkProgress, WorkResult } from '../../src/sync/work.js';
import { createTestDatabase, redisUrl, unique } from '../servers/index.js';

export const BACKENDS = ['redis', 'postgres'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** A place for queues of one test's own; any number of processes may open it. Everything is closed when the test ends. */
export interface Place {
  readonly redisUrl: string | null;
  readonly databaseUrl: string;
  readonly prefix: string;
  open(): Promise<Queues>;
  /** As a fault of the store would: all jobs are gone, the schedules are there. */
  loseJobs(): Promise<void>;
  /** As if every job that runs had been taken by another worker. */
  loseLocks(): Promise<void>;
  work(queues: Queues, perform: Perform, options?: WorkersOptions): Promise<Workers>;
}

export async function createPlace(
  backend: BackendName,
  throughDoor: (url: string) => string = (url) => url,
): Promise<Place> {
  const database = backend === 'postgres' ? await createTestDatabase({ empty: true }) : null;
  if (database) onTestFinished(() => database.drop());
  const address = {
    redisUrl: backend === 'redis' ? throughDoor(redisUrl()) : null,
    databaseUrl: database ? throughDoor(database.url) : 'postgres://nowhere.invalid/none',
    prefix: unique('jobs'),
  };
  return {
    ...address,
    open: async () => {
      const queues = await openQueues({ ...address, runtime: systemRuntime, log: silent });
      onTestFinished(() => queues.close());
      return queues;
    },
    loseJobs: () =>
      harm(address, (sql) => sql`delete from bullmq.job`, /:(wait|delayed|marker)$|:repeat:.*:\d+$/),
    loseLocks: () => harm(address, (sql) => sql`update bullmq.job set lock_token = 'another'`, /:lock$/),
    work: async (queues, perform, options = {}) => {
      const workers = await startWorkers(queues, perform, options);
      onTestFinished(() => workers.close(5_000));
      return workers;
    },
  };
}

async function harm(
  { redisUrl, databaseUrl, prefix }: Pick<Place, 'redisUrl' | 'databaseUrl' | 'prefix'>,
  statement: (sql: postgres.Sql) => Promise<unknown>,
  keys: RegExp,
): Promise<void> {
  if (redisUrl === null) {
    const sql = postgres(databaseUrl, { max: 1 });
    await statement(sql);
    return sql.end();
  }
  const redis = new Redis(redisUrl);
  const lost = (await redis.keys(`${prefix}:*`)).filter((key) => keys.test(key));
  if (lost.length > 0) await redis.del(lost);
  redis.disconnect();
}

export const silent = pino({ level: 'silent' });

/** One call of `perform`, which the test answers. */
export interface Call {
  readonly work: Work;
  readonly signal: AbortSignal;
  progress(progress: WorkProgress): void;
  answer(result: WorkResult): void;
  fail(error: Error): void;
}

/** A `perform` whose calls wait for the test. */
export function createCalls() {
  const calls: Call[] = [];
  const perform: Perform = (work, signal, progress) =>
    new Promise((answer, fail) => {
      calls.push({ work, signal, progress, answer, fail });
    });
  return { calls, perform };
}

export const DONE: WorkResult = { state: 'done', runId: '1', outcome: 'ok', error: null };

/** Follows a request to its end; fails after so many milliseconds. */
export async function endOf(queues: Queues, requested: Requested, withinMs = 15_000): Promise<ResyncState> {
  let last: ResyncState | null = null;
  for await (const state of followResync(queues, requested, AbortSignal.timeout(withinMs))) last = state;
  if (!last) throw new Error('Nothing was told.');
  return last;
}
