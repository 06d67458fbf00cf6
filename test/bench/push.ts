import { pino } from 'pino';
import postgres from 'postgres';
import { readConfig } from '../../src/config/read-config.js';
import { startDaemon } from '../../src/daemon/daemon.js';
import { systemRuntime } from '../../src/runtime.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.js';
import { startPostgres } from '../servers/postgres.js';
import { startRedis } from '../servers/redis.js';
import { until } from '../servers/until.js';

const EDITS = 200;
const ROWS = 1_000;
const LATENCY_MS = 50;
/** The requests that a push may have in flight at once, and those that a row needs: a look and a write. */
const IN_FLIGHT = 5;
const REQUESTS = 2;
const IDEAL_MS = (ROWS * REQUESTS * LATENCY_MS) / IN_FLIGHT;

const connections = ['invoiced', 'freshbooks'] as const;
type Connection = (typeof connections)[number];
const WRITES = { invoiced: 'PATCH', freshbooks: 'PUT' } as const;

/**
 * The whole daemon, with PUSH_DELAY=0, on Redis and on PostgreSQL as its queue: milliseconds from a SQL UPDATE to its write at the API
 * (the look before it included, an API that answers at once), and how long 1,000 pending rows take at an API that answers in 50 ms.
 * Prints a table, then the same as JSON.
 */
export async function run(): Promise<void> {
  const server = await startPostgres();
  const redis = await startRedis();
  const figures: Figures[] = [];
  try {
    for (const queue of ['redis', 'postgres'] as const) {
      figures.push(...(await measure(server.url, queue, queue === 'redis' ? redis.url : undefined)));
    }
  } finally {
    await redis.stop();
    await server.stop();
  }
  process.stdout.write('queue     connection  p50 ms  p99 ms  1,000 rows, s  times the ideal\n');
  for (const { queue, connection, p50, p99, seconds, ratio } of figures) {
    process.stdout.write(
      `${queue.padEnd(10)}${connection.padEnd(12)}${String(p50).padStart(6)}${String(p99).padStart(8)}${seconds.toFixed(1).padStart(15)}${ratio.toFixed(2).padStart(17)}\n`,
    );
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

interface Figures {
  readonly queue: string;
  readonly connection: Connection;
  /** Milliseconds from the UPDATE to its write at the API. */
  readonly p50: number;
  readonly p99: number;
  /** What 1,000 pending rows take, and as a multiple of what the requests alone take. */
  readonly seconds: number;
  readonly ratio: number;
}

async function measure(url: string, queue: string, redisUrl: string | undefined): Promise<Figures[]> {
  const name = `bench_push_${queue}_${process.pid}`;
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  await admin`create database ${admin(name)}`;
  const databaseUrl = Object.assign(new URL(url), { pathname: `/${name}` }).href;
  const sandbox = await startSandbox({
    logSize: 20_000,
    invoiced: { tasks: ROWS },
    freshbooks: { tasks: ROWS, options: { rateLimit: 1_000_000 } },
  });
  const config = readConfig({ ...environment(sandbox), DATABASE_URL: databaseUrl, REDIS_URL: redisUrl });
  const daemon = startDaemon(
    { ...config, databaseUrl },
    { runtime: systemRuntime, log: pino({ level: 'silent' }), prefix: name },
  );
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    await daemon.ready;
    const figures: Figures[] = [];
    for (const connection of connections) {
      await until('the first read is over', () => hasAll(sql, connection), 60_000);
      const latencies = await edits(sql, sandbox, connection);
      sandbox.setLatency(LATENCY_MS);
      const ms = await bulk(sql, connection);
      sandbox.setLatency(0);
      figures.push({
        queue,
        connection,
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        seconds: ms / 1000,
        ratio: ms / IDEAL_MS,
      });
    }
    return figures;
  } finally {
    await daemon.stop();
    await sql.end();
    await sandbox.close();
    await admin`drop database ${admin(name)} with (force)`;
    await admin.end();
  }
}

/** One edit after the other, each when the last one is through. */
async function edits(sql: postgres.Sql, sandbox: Sandbox, connection: Connection): Promise<number[]> {
  const latencies: number[] = [];
  const rows = await sql`
    select row_id from ${sql(`${connection}.tasks`)} where vis_state = 0 order by row_id limit ${EDITS + 10}`;
  for (const [i, { row_id }] of rows.entries()) {
    const mark = sandbox.log.mark();
    const start = sandbox.clock.now();
    await sql`update ${sql(`${connection}.tasks`)} set name = ${`Edit ${i}`} where row_id = ${row_id}`;
    const write = await until(
      'the write is at the API',
      () => sandbox.log.entries({ api: connection, method: WRITES[connection], after: mark })[0],
      30_000,
    );
    // The first few open connections and warm caches.
    if (i >= 10) latencies.push(write.at - start);
    await settled(sql, connection);
  }
  return latencies;
}

/** Milliseconds from one UPDATE of all rows to the last row being settled. */
async function bulk(sql: postgres.Sql, connection: Connection): Promise<number> {
  const start = performance.now();
  await sql`update ${sql(`${connection}.tasks`)} set name = 'Bulk ' || row_id where vis_state = 0`;
  await settled(sql, connection);
  return performance.now() - start;
}

async function settled(sql: postgres.Sql, connection: Connection): Promise<void> {
  await until(
    'nothing is pending',
    async () => {
      const [pending] = await sql`
        select from ${sql(`${connection}.tasks`)} where sync_state <> 'synced' limit 1`;
      return pending === undefined;
    },
    300_000,
  );
}

async function hasAll(sql: postgres.Sql, connection: Connection): Promise<boolean> {
  const [found] = await sql`select cursor from sync.cursors where connection = ${connection}`;
  return found !== undefined;
}

function environment({ invoiced, freshbooks }: Sandbox): Record<string, string> {
  return {
    CREDENTIALS_KEY: Buffer.alloc(32, 7).toString('base64'),
    INVOICED_API_KEY: invoiced.apiKey,
    INVOICED_BASE_URL: invoiced.url,
    FRESHBOOKS_ACCOUNT_ID: freshbooks.accountId,
    FRESHBOOKS_BASE_URL: freshbooks.url,
    FRESHBOOKS_CLIENT_ID: freshbooks.clientId,
    FRESHBOOKS_CLIENT_SECRET: freshbooks.clientSecret,
    FRESHBOOKS_REDIRECT_URI: freshbooks.redirectUri,
    FRESHBOOKS_REFRESH_TOKEN: freshbooks.refreshToken,
    PUSH_DELAY: '0',
    HTTP_PORT: 'off',
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
