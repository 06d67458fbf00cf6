import type { Telemetry } from 'bullmq';
import type { Logger } from 'pino';
import { TaskmirrorError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import type { WorkKind } from '../sync/work.js';
import { addressOf } from './address.js';
import type { Backend } from './backend.js';
import { KINDS, QUEUE_NAMES } from './kinds.js';
import type { WorkQueue } from './payload.js';
import { openPostgres } from './postgres.js';
import { openRedis } from './redis.js';
import { createReporter, isLostConnection, messageOf, QUIET_MS, type Reporter } from './reports.js';

export interface QueuesOptions {
  /** Null: the queues live in the database. */
  readonly redisUrl: string | null;
  /** A direct connection to PostgreSQL: BullMQ listens on it, which a pooler in transaction mode does not pass on. */
  readonly databaseUrl: string;
  /** Before every key in Redis, so that several can share one; in PostgreSQL the database does that. */
  readonly prefix?: string;
  readonly runtime: Runtime;
  readonly log: Logger;
  /** For spans of each job: see `openTracing`. */
  readonly telemetry?: Telemetry;
  /** With it, waits for a server that can't be reached, until it aborts; without, such a server is an error. */
  readonly patience?: AbortSignal;
}

export interface Queues extends Opened {
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly report: Reporter;
}

interface Opened {
  readonly backend: Backend;
  readonly queues: Readonly<Record<WorkKind, WorkQueue>>;
  close(): Promise<void>;
}

/**
 * Opens one queue for each kind of work, on Redis or on PostgreSQL. Throws `unavailable` within seconds when the server
 * can't be reached; with `patience` it says so every few seconds and goes on trying. Throws `configuration` when the
 * server refuses us.
 */
export async function openQueues(options: QueuesOptions): Promise<Queues> {
  const { runtime, log } = options;
  const report = createReporter(log, runtime);
  const { backend, queues, close } = await openPatiently(options, report);
  let closing: Promise<void> | null = null;
  return {
    backend,
    queues,
    runtime,
    log,
    report,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Runs a command on the queues; a server that is gone becomes the error `unavailable`. */
export async function reach<T>({ backend }: Queues, command: () => Promise<T>): Promise<T> {
  try {
    return await command();
  } catch (error) {
    throw isLostConnection(error) ? unavailable(backend.name, backend.address, error) : error;
  }
}

async function openPatiently(options: QueuesOptions, report: Reporter): Promise<Opened> {
  const { redisUrl, databaseUrl, runtime, log, telemetry, patience } = options;
  for (;;) {
    try {
      return redisUrl === null
        ? await makeQueues(await openPostgres(databaseUrl, runtime, report, telemetry))
        : await makeQueues(await openRedis(redisUrl, options.prefix ?? 'taskmirror', report, telemetry));
    } catch (cause) {
      const error =
        redisUrl === null
          ? unavailable('postgres', addressOf(databaseUrl, 5432), cause)
          : unavailable('redis', addressOf(redisUrl, 6379), cause);
      if (!patience || error.code !== 'unavailable') throw error;
      log.warn(`${error.message} Trying again in ${QUIET_MS / 1_000} s.`);
      await runtime.sleep(QUIET_MS, patience);
    }
  }
}

async function makeQueues(backend: Backend): Promise<Opened> {
  const made = KINDS.map((kind) => [kind, backend.makeQueue(QUEUE_NAMES[kind])] as const);
  const close = async (): Promise<void> => {
    await Promise.allSettled(made.map(([, queue]) => queue.close()));
    await backend.close();
  };
  try {
    // A queue that could not get ready the first time never does.
    await Promise.all(made.map(([, queue]) => queue.waitUntilReady()));
  } catch (error) {
    await close();
    throw error;
  }
  return { backend, queues: Object.fromEntries(made) as Record<WorkKind, WorkQueue>, close };
}

/** What can't be reached may come back; what answers with a refusal waits for a person. */
function unavailable(name: Backend['name'], address: string, cause: unknown): TaskmirrorError {
  const [server, setting] = name === 'redis' ? ['Redis', 'REDIS_URL'] : ['PostgreSQL', 'DATABASE_URL'];
  const why = `${server} at ${address}: ${messageOf(cause)}`;
  return isLostConnection(cause)
    ? new TaskmirrorError('unavailable', `Can't reach the queue, ${why}. Start it, or check ${setting}.`, {
        cause,
      })
    : new TaskmirrorError('configuration', `Can't use the queue, ${why}. Check ${setting}.`, { cause });
}
