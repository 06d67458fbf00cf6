import { pino } from 'pino';
import postgres from 'postgres';
import { Pool } from 'undici';
import { readConfig } from '../../src/config/read-config.js';
import { startDaemon } from '../../src/daemon/daemon.js';
import { systemRuntime } from '../../src/runtime.js';
import { startRedis } from '../servers/redis.js';
import { until } from '../servers/until.js';
import { familyMs, say, timed } from './database.js';
import { type BenchServer, spentBy, startBenchServer } from './ground.js';
import { type Figure, report, round, size } from './report.js';
import { type BenchSandbox, listingOf, type SourceName, sources, startBenchSandbox } from './sandbox.js';
import { FIRST_ID } from './synthetic.js';

const EDITS = 200;
/** The first few open connections and warm caches. */
const WARM = 10;
const LATENCY_MS = 50;
/** The requests that a push may have in flight at once, and those that a row needs: a look and a write. */
const IN_FLIGHT = 5;
const REQUESTS = 2;
const BARE = 2_000;

const WRITES = { invoiced: 'PATCH', freshbooks: 'PUT' } as const;

/**
 * The whole daemon, with PUSH_DELAY=0, on Redis and on PostgreSQL as its queue: milliseconds from a SQL UPDATE to its write at the API
 * (the look before it included, an API that answers at once); and how long 10,000 pending rows (`--rows`; a tenth with the queue on
 * PostgreSQL) take at an API that answers in 50 ms, against what the requests alone take, five at a time; and at one that answers at once,
 * against the same requests by a bare client, with what a row costs the worker's processor and PostgreSQL's then. The bench's own looks at what is
 * pending are in both, the UPDATE of all rows is in PostgreSQL's. Linux only, with PostgreSQL on this machine.
 *
 * What bounds it at an API that answers at once, by a profile and `pg_stat_statements` on two cores: the processor, of which hardly any is left. A row
 * is eleven trips to PostgreSQL beside the two requests that a bare client makes: its clock before and after each request, the intent that
 * must stand before its request, the row once more, and five for the transaction of its answer; two of them flush the log. The worker's
 * thread is at work for 94 % of the time, and for half of that in the kernel, which writes to sockets. PostgreSQL plans for two fifths of its time,
 * since behind a pooler no statement is prepared, and the triggers that keep history take a tenth. Where answers take 50 ms, nearly all of
 * it is done while they are waited for. They were fifteen trips, and the clock was read within a request's turn, before it and after: then 10,000
 * rows took 1.21 times the ideal on a machine on which a COPY of 100,000 rows takes 4 s.
 */
export async function run(): Promise<void> {
  const rows = size('rows', 10_000);
  const server = await startBenchServer();
  const redis = await startRedis();
  const figures: Figure[] = [];
  try {
    figures.push(...(await measure(server, 'redis', rows, redis.url)));
    figures.push(...(await measure(server, 'postgres', Math.ceil(rows / 10), undefined)));
  } finally {
    await redis.stop();
    await server.stop();
  }
  report('push', server.version, figures);
}

async function measure(
  server: BenchServer,
  queue: string,
  rows: number,
  redisUrl: string | undefined,
): Promise<readonly Figure[]> {
  const name = `push_${queue}`;
  const databaseUrl = await server.create(name);
  const sandbox = await startBenchSandbox({ invoiced: rows, freshbooks: rows });
  const bare = new Map<SourceName, number>();
  for (const source of sources) bare.set(source, await bareRow(sandbox, source, Math.min(BARE, rows)));
  const { FRESHBOOKS_ACCESS_TOKEN: _, ...env } = sandbox.env;
  const settings = { PUSH_DELAY: '0', HTTP_PORT: 'off', DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
  const daemon = startDaemon(
    { ...readConfig({ ...env, ...settings }), databaseUrl },
    { runtime: systemRuntime, log: pino({ level: 'silent' }), prefix: name },
  );
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    await daemon.ready;
    const postmaster = await server.postmaster();
    const figures: Figure[] = [];
    for (const source of sources) {
      say(`${source}, its queue on ${queue}`);
      await until('the first read is over', () => isRead(sql, source), 300_000);
      const latencies = await edits(sql, sandbox, source);
      const before = familyMs(postmaster);
      const { ms: atOnce, processorMs } = await spentBy(sql, () => bulk(sql, source, 'Bulk'));
      const postgresMs = familyMs(postmaster) - before;
      await sandbox.setLatency(LATENCY_MS);
      const slow = await bulk(sql, source, 'Slow');
      await sandbox.setLatency(0);
      figures.push({
        queue,
        source,
        'p50, ms': percentile(latencies, 0.5),
        'p99, ms': percentile(latencies, 0.99),
        rows,
        [`at ${LATENCY_MS} ms, s`]: round(slow / 1000, 1),
        'times the ideal': round(slow / ((rows * REQUESTS * LATENCY_MS) / IN_FLIGHT), 2),
        'at 0 ms, s': round(atOnce / 1000, 1),
        'rows/s': round((rows / atOnce) * 1000),
        'times a bare client': round(atOnce / (rows * (bare.get(source) ?? Number.NaN)), 1),
        'own processor, ms a row': round(processorMs / rows, 1),
        'processor of PostgreSQL, ms a row': round(postgresMs / rows, 1),
      });
      say(JSON.stringify(figures.at(-1)));
    }
    return figures;
  } finally {
    await daemon.stop();
    await sql.end();
    await sandbox.close();
    await server.drop(name);
  }
}

/** One edit after the other, each when the last one is through. Milliseconds until the write came to the API. */
async function edits(sql: postgres.Sql, sandbox: BenchSandbox, source: SourceName): Promise<number[]> {
  const latencies: number[] = [];
  const rows = await sql`
    select row_id from ${sql(`${source}.tasks`)} where vis_state = 0 order by row_id limit ${EDITS + WARM}`;
  for (const [i, { row_id }] of rows.entries()) {
    const before = await sandbox.requests();
    const start = Date.now();
    await sql`update ${sql(`${source}.tasks`)} set name = ${`Edit ${i}`} where row_id = ${row_id}`;
    const at = await until(
      'the write is at the API',
      () => sandbox.cameAt(source, WRITES[source], before),
      30_000,
    );
    if (i >= WARM) latencies.push(at - start);
    await settled(sql, source);
  }
  return latencies;
}

/** Milliseconds from one UPDATE of all rows to the last row being settled. */
async function bulk(sql: postgres.Sql, source: SourceName, name: string): Promise<number> {
  return timed(async () => {
    await sql`update ${sql(`${source}.tasks`)} set name = ${`${name} `} || row_id where vis_state = 0`;
    await settled(sql, source);
  });
}

async function settled(sql: postgres.Sql, source: SourceName): Promise<void> {
  await until(
    'nothing is pending',
    async () => {
      const [pending] = await sql`
        select from ${sql(`${source}.tasks`)} where sync_state <> 'synced' limit 1`;
      return pending === undefined;
    },
    900_000,
  );
}

async function isRead(sql: postgres.Sql, source: SourceName): Promise<boolean> {
  return (await sql`select from sync.cursors where connection = ${source}`).length === 1;
}

/** Milliseconds that a look and a write take a bare client, five rows at a time, at an API that answers at once. */
async function bareRow(sandbox: BenchSandbox, source: SourceName, rows: number): Promise<number> {
  const { url, authorization } = listingOf(sandbox.env, source);
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: IN_FLIGHT });
  const headers = { authorization, 'content-type': 'application/json' };
  const ask = async (method: 'GET' | 'PATCH' | 'PUT', id: number, body?: unknown): Promise<void> => {
    const answer = await pool.request({
      path: `${pathname}/${id}`,
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    JSON.parse(await answer.body.text());
    if (answer.statusCode !== 200) throw new Error(`${source} answers ${answer.statusCode} to ${method}`);
  };
  const ids = Array.from({ length: rows }, (_, i) => FIRST_ID[source] + i).values();
  const lane = async (): Promise<void> => {
    for (const id of ids) {
      await ask('GET', id);
      const task = { name: `Bare ${id}` };
      await ask(WRITES[source], id, source === 'freshbooks' ? { task } : task);
    }
  };
  const ms = await timed(() => Promise.all(Array.from({ length: IN_FLIGHT }, lane)));
  await pool.destroy();
  return ms / rows;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
