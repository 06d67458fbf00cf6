import type { Logger } from 'pino';
import { TaskmirrorError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import type { WorkKind } from '../sync/work.js';
import type { Backend } from './backend.js';
import { KINDS, QUEUE_NAMES } from './kinds.js';
import type { WorkQueue } from './payload.js';
import { openPostgres } from './postgres.js';
import { openRedis } from './redis.js';
import { createReporter, messageOf, QUIET_MS, type Reporter } from './reports.js';

export interface QueuesOptions {
  /** Null: the queues live in the database. */
  readonly redisUrl: string | null;
  /** A direct connection to PostgreSQL: BullMQ listens on it, which a pooler in transaction mode does not pass on. */
  readonly databaseUrl: string;
  /** Before every key in Redis, so that several can share one; in PostgreSQL the database does that. */
  readonly prefix?: string;
  readonly runtime: Runtime;
  readonly log: Logger;
  /** With it, waits for a server that can't be reached, until it aborts; without, such a server is an error. */
  readonly patience?: AbortSignal;
}

export interface Queues {
  readonly backend: Backend;
  readonly queues: Readonly<Record<WorkKind, WorkQueue>>;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly report: Reporter;
  close(): Promise<void>;
}

/**
 * Opens one queue for each kind of work, on Redis or on PostgreSQL. Throws `unavailable` within seconds when the server
 * can't be reached; with `patience` it says so every few seconds and goes on trying.
 */
export async function openQueues(options: QueuesOptions): Promise<Queues> {
  const { runtime, log } = options;
  const report = createReporter(log, runtime);
  const backend = await openBackend(options, report);
  const queues = Object.fromEntries(
    KINDS.map((kind) => [kind, backend.makeQueue(QUEUE_NAMES[kind])]),
  ) as Record<WorkKind, WorkQueue>;
  const close = async (): Promise<void> => {
    await Promise.allSettled(KINDS.map((kind) => queues[kind].close()));
    await backend.close();
  };
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
export async function reach<T>(queues: Queues, command: () => Promise<T>): Promise<T> {
  try {
    return await command();
  } catch (error) {
    throw isLostConnection(error) ? unavailable(queues.backend.name, queues.backend.address, error) : error;
  }
}

async function openBackend(options: QueuesOptions, report: Reporter): Promise<Backend> {
  for (;;) {
    try {
      return options.redisUrl === null
        ? await openPostgres(options.databaseUrl, options.runtime, report)
        : await openRedis(options.redisUrl, options.prefix ?? 'taskmirror', report);
    } catch (error) {
      if (!options.patience) throw unavailableAt(options, error);
      options.log.warn(`${unavailableAt(options, error).message} Trying again in ${QUIET_MS / 1_000} s.`);
      await options.runtime.sleep(QUIET_MS, options.patience);
    }
  }
}

function unavailableAt(options: QueuesOptions, cause: unknown): TaskmirrorError {
  const { hostname, port, pathname } = new URL(options.redisUrl ?? options.databaseUrl);
  return options.redisUrl === null
    ? unavailable('postgres', `${hostname}:${port || 5432}${pathname}`, cause)
    : unavailable('redis', `${hostname}:${port || 6379}`, cause);
}

function unavailable(name: Backend['name'], address: string, cause: unknown): TaskmirrorError {
  const [server, setting] = name === 'redis' ? ['Redis', 'REDIS_URL'] : ['PostgreSQL', 'DATABASE_URL'];
  const message = `The queue can't be reached, ${server} at ${address}: ${messageOf(cause)}. Start it, or check ${setting}.`;
  return new TaskmirrorError('unavailable', message, { cause });
}

/** Whether the server could not be reached or went away; both drivers say it in many ways. */
function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return LOST_CODES.test(code) || LOST_MESSAGES.test(error.message) || LOST_NAMES.has(error.name);
}

// Node's system errors, and PostgreSQL's classes for connections and operators: shutting down, starting up.
const LOST_CODES = /^(E[A-Z]{3,}|08...|57P0.|53300)$/;
const LOST_MESSAGES =
  /Connection is closed|Connection terminated|isn't writeable|Command timed out|Query read timeout|trying to connect|LOADING/;
const LOST_NAMES = new Set(['MaxRetriesPerRequestError']);
