import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import type postgres from 'postgres';

/** How everything stands at one moment. Sizes in bytes, times in milliseconds. */
export interface Sample {
  /** Seconds since the soak began. */
  readonly at: number;
  readonly rss: number;
  /** Heap and external memory after a collection. */
  readonly held: number;
  readonly handles: number;
  readonly loopP50: number;
  readonly loopP99: number;
  readonly connections: number;
  /** The oldest transaction of the daemon's. */
  readonly transactionMs: number;
  readonly waitingLocks: number;
  /** Tables that hold only what is under way, indexes included. */
  readonly stateBytes: number;
  /** Tables that grow with what happens, indexes included, for each of their rows. */
  readonly bytesPerRow: number;
  readonly rows: number;
  readonly redisBytes: number;
  /** Without jobs that failed, of which a bounded number is kept for people to look at. */
  readonly redisKeys: number;
}

interface Servers {
  readonly sql: postgres.Sql;
  readonly redis: Redis;
  readonly daemon: ChildProcess;
}

export async function takeSample(at: number, { sql, redis, daemon }: Servers): Promise<Sample> {
  const [process, database, queue] = await Promise.all([ofProcess(daemon), ofDatabase(sql), ofRedis(redis)]);
  return { at, ...process, ...database, ...queue };
}

interface Told {
  readonly rss: number;
  readonly held: number;
  readonly handles: number;
  readonly loop: { readonly p50: number; readonly p99: number };
}

async function ofProcess(daemon: ChildProcess) {
  const told = once(daemon, 'message', { signal: AbortSignal.timeout(60_000) });
  daemon.send('sample');
  const [{ rss, held, handles, loop }] = (await told) as [Told];
  return { rss, held, handles, loopP50: loop.p50, loopP99: loop.p99 };
}

/** What is under way, and gone when it is over. */
const STATE = ['leases', 'cursors', 'connections', 'walks', 'walk_pages', 'held_deletions', 'credentials'];

async function ofDatabase(sql: postgres.Sql) {
  const [activity] = await sql`
    select count(*)::int as connections,
      coalesce(max(extract(epoch from clock_timestamp() - xact_start) * 1000), 0)::float8 as "transactionMs"
    from pg_stat_activity
    where datname = current_database() and application_name like 'taskmirror%' and backend_type = 'client backend'`;
  const [locks] = await sql`
    select count(*)::int as waiting from pg_locks where not granted
      and database = (select oid from pg_database where datname = current_database())`;
  const tables = await sql`
    select n.nspname as schema, c.relname as name, pg_total_relation_size(c.oid)::float8 as bytes
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname in ('sync', 'invoiced', 'freshbooks') and c.relname <> 'migrations'`;
  let [stateBytes, bytes, rows] = [0, 0, 0];
  for (const { schema, name, bytes: size } of tables) {
    if (schema === 'sync' && STATE.includes(name)) stateBytes += size;
    else {
      bytes += size;
      const [counted] = await sql`select count(*)::int as rows from ${sql(schema)}.${sql(name)}`;
      rows += counted?.['rows'] ?? 0;
    }
  }
  return {
    connections: Number(activity?.['connections']),
    transactionMs: Number(activity?.['transactionMs']),
    waitingLocks: Number(locks?.['waiting']),
    stateBytes,
    bytesPerRow: bytes / Math.max(1, rows),
    rows,
  };
}

async function ofRedis(redis: Redis) {
  const [memory, keys, failed] = [
    await redis.info('memory'),
    await redis.dbsize(),
    await redis.keys('*:failed'),
  ];
  const kept = await Promise.all(failed.map((key) => redis.zcard(key)));
  return {
    redisBytes: Number(/used_memory_dataset:(\d+)/.exec(memory)?.[1]),
    redisKeys: keys - kept.reduce((sum, count) => sum + count, 0),
  };
}
