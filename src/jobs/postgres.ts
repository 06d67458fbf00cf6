import {
  createPostgresBackend,
  type PgPool,
  type PostgresConnectionOptions,
  runMigrations,
  type Telemetry,
  withBackend,
} from 'bullmq';
import pg from 'pg';
import type { Runtime } from '../runtime.js';
import { addressOf } from './address.js';
import type { Backend, WorkerConnections } from './backend.js';
import { KINDS } from './kinds.js';
import { QUEUE_SETTINGS, WORKER_SETTINGS } from './options.js';
import { createPatientPool } from './patient-pool.js';
import type { JobData, JobResult } from './payload.js';
import { onError, type Reporter } from './reports.js';

const { Queue, Worker } = withBackend(createPostgresBackend);

/**
 * BullMQ's tables in the schema `bullmq` of the database that also holds the mirror; migrates them first (BullMQ takes a
 * lock for it). A process has at most three connections for its queues, closed when idle, and, with workers, one that each
 * of them listens on and two that they share.
 */
export async function openPostgres(
  url: string,
  runtime: Runtime,
  report: Reporter,
  telemetry?: Telemetry,
): Promise<Backend> {
  const traced = telemetry ? { telemetry } : {};
  const pool = listenTo(new pg.Pool({ ...poolConfig(url), max: 3 }), report);
  try {
    await migrate(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }

  return {
    name: 'postgres',
    address: addressOf(url, 5432),
    makeQueue: (name) => {
      const options = { ...QUEUE_SETTINGS, ...traced, connection: asConnection(pool) };
      return onError(new Queue<JobData, JobResult>(name, options), report);
    },
    makeWorkers: () => makeWorkers(url, runtime, report, traced),
    exclusively: (change) => exclusively(pool, runtime, change),
    changesAtOnce: 1,
    // A job that was delayed would take its old place again, before those that came later.
    moveToBack: async (job, token) => {
      await job.moveToWait(token);
    },
    // It has no settings that matter, but it must answer.
    problem: async () => {
      await pool.query('SELECT 1');
      return null;
    },
    close: () => pool.end(),
  };
}

function makeWorkers(
  url: string,
  runtime: Runtime,
  report: Reporter,
  traced: { readonly telemetry?: Telemetry },
): WorkerConnections {
  const config = { ...poolConfig(url), max: KINDS.length + 2 };
  const pool = listenTo(createPatientPool(config, runtime, report), report);
  return {
    makeWorker: (name, process, settings) => {
      const options = { ...WORKER_SETTINGS, ...settings, ...traced, connection: asConnection(pool) };
      return onError(new Worker<JobData, JobResult>(name, process, options), report);
    },
    close: () => pool.end(),
  };
}

/** BullMQ's statements for schedules deadlock with each other when two processes make the same one. */
async function exclusively<T>(pool: pg.Pool, runtime: Runtime, change: () => Promise<T>): Promise<T> {
  for (;;) {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const lock = await client.query<{ mine: boolean }>(LOCK_SCHEDULES);
      if (lock.rows[0]?.mine) return await change();
    } finally {
      await client.query('ROLLBACK').then(
        () => client.release(),
        () => client.release(true),
      );
    }
    // Not waiting inside PostgreSQL leaves the connection to others.
    await runtime.sleep(20 + 80 * runtime.random());
  }
}

const LOCK_SCHEDULES = `SELECT pg_try_advisory_xact_lock(hashtextextended('taskmirror:schedules', 0)) AS mine`;

/** A real pool, as BullMQ documents; its hand-written type of one is narrower where optional parameters are exact. */
function asConnection(pool: pg.Pool): PostgresConnectionOptions {
  return pool as PgPool as PostgresConnectionOptions;
}

/** A lost connection ends the process unless somebody listens: at the pool while it is idle, at the client while it is lent. */
function listenTo(pool: pg.Pool, report: Reporter): pg.Pool {
  // Every queue and worker adds its own listener too.
  pool.setMaxListeners(0);
  pool.on('connect', (client) => {
    client.on('error', report);
  });
  return onError(pool, report);
}

async function migrate(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await runMigrations(client);
  } finally {
    client.release();
  }
}

/**
 * BullMQ's statements name no schema: a pool that we make must set the path itself. As a statement and not as the
 * start-up option `-c search_path`, which an `options` in the URL would replace.
 */
function poolConfig(url: string): pg.PoolConfig {
  return {
    connectionString: withLibpqSsl(url),
    application_name: 'taskmirror-jobs',
    connectionTimeoutMillis: 5_000,
    query_timeout: 15_000,
    // Without it a silently lost listener would go unnoticed.
    keepAlive: true,
    onConnect: async (client) => {
      await client.query('SET search_path TO bullmq');
    },
  };
}

/** pg reads `sslmode=require` as `verify-full`, all others (and the mirror's driver) as libpq does. */
function withLibpqSsl(url: string): string {
  if (!URL.canParse(url)) return url;
  const address = new URL(url);
  if (!address.searchParams.has('sslmode') || address.searchParams.has('uselibpqcompat')) return url;
  address.searchParams.set('uselibpqcompat', 'true');
  return address.href;
}
