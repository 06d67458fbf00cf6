import { createRedisBackend, type Telemetry, withBackend } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { addressOf } from './address.js';
import type { Backend, WorkerConnections } from './backend.js';
import { QUEUE_SETTINGS, WORKER_SETTINGS } from './options.js';
import type { JobData, JobResult } from './payload.js';
import { onError, type Reporter } from './reports.js';

const { Queue, Worker } = withBackend(createRedisBackend);

/**
 * Connects to Redis; rejects within 3 s when it can't be reached. A process has one connection for its queues and, with
 * workers, one that they share and one that each of them blocks.
 */
export async function openRedis(
  url: string,
  prefix: string,
  report: Reporter,
  telemetry?: Telemetry,
): Promise<Backend> {
  const traced = telemetry ? { telemetry } : {};
  const connection = new Redis(url, {
    ...RECONNECT,
    lazyConnect: true,
    // A command's user waits for no lost server: what can't be sent at once is refused.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 3_000,
    commandTimeout: 5_000,
  });
  // ioredis rejects with "Connection is closed"; why, it tells its listeners.
  let lastError: unknown;
  connection.on('error', (error) => {
    lastError = error;
  });
  try {
    await connection.connect();
    await connection.ping();
  } catch (error) {
    connection.disconnect();
    throw lastError ?? error;
  }
  connection.on('error', report);

  return {
    name: 'redis',
    address: addressOf(url, 6379),
    makeQueue: (name) => {
      // No version check: it would print to the console when Redis evicts keys, which `problem` tells.
      const options = {
        ...QUEUE_SETTINGS,
        ...traced,
        connection,
        prefix,
        skipVersionCheck: true,
        skipWaitingForReady: true,
      };
      const queue = new Queue<JobData, JobResult>(name, options);
      return onError(queue, report);
    },
    makeWorkers: () => makeWorkers(url, prefix, report, traced),
    // Each of its scripts runs alone.
    exclusively: (change) => change(),
    // They share a connection and wait for no answer before the next is sent; more would keep other commands waiting for long.
    changesAtOnce: 50,
    // A delayed job that is due goes behind those that wait; `moveToWait` would put it before them.
    moveToBack: (job, token) => job.moveToDelayed(0, token),
    problem: () => evictionProblem(connection),
    close: async () => connection.disconnect(),
  };
}

function makeWorkers(
  url: string,
  prefix: string,
  report: Reporter,
  traced: { readonly telemetry?: Telemetry },
): WorkerConnections {
  const connection = new Redis(url, { ...RECONNECT, maxRetriesPerRequest: null });
  connection.on('error', report);
  return {
    makeWorker: (name, process, settings) => {
      const options = { ...WORKER_SETTINGS, ...settings, ...traced, connection, prefix };
      return onError(new Worker<JobData, JobResult>(name, process, options), report);
    },
    close: async () => connection.disconnect(),
  };
}

async function evictionProblem(connection: Redis): Promise<string | null> {
  const policy = /^maxmemory_policy:(\S+)/m.exec(await connection.info('memory'))?.[1];
  if (policy === undefined || policy === 'noeviction') return null;
  return `Redis may throw away jobs: its maxmemory-policy is ${policy}. Set it to noeviction.`;
}

/** Back within 2 s of the server's return. */
const RECONNECT = {
  retryStrategy: (times: number) => Math.min(100 * times, 2_000),
} as const satisfies RedisOptions;
