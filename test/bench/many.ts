import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { programOf } from '../daemon/program.js';
import { startRedis } from '../servers/redis.js';
import { until } from '../servers/until.js';
import { familyMs, processorMs, say, timed } from './database.js';
import { startBenchServer } from './ground.js';
import { addAccounts, nameOf } from './many-accounts.js';
import { measureSchedules } from './many-schedules.js';
import { type Figure, report, round, size } from './report.js';
import { startBenchSandbox } from './sandbox.js';

const TASKS = 20;
const MINUTE_S = 60;
const LATENCY_MS = 150;
/** So slow that the worker waits for the API most of the time, and all of them together don't use up the cores. */
const SLOW_MS = 600;
const STEADY_MS = 10_000;
const SATURATED_S = 20;

/**
 * 1,000 accounts (`--accounts`) of Invoiced, each with 20 tasks and polled once a minute by one worker, for two minutes (`--seconds`), at 150 ms
 * an answer: what a poll costs each process of the processor, which hardly depends on what else the machine does, and the longest time
 * that any account was left alone. The same while one account with 300,000 tasks (`--backfill`) is read for the first time, and while its API
 * answers at once, so that this first read takes all of the machine that it can get. Then how many polls a second 1, 2 and 4
 * workers do that are to poll each account once a second: of an API that takes 600 ms an answer, until the worker waits, and of one
 * that answers at once, until the cores are used up. And what 10,000 schedules cost at a start. The queue is on Redis; the sandbox, in a
 * process of its own, PostgreSQL and Redis share the machine with the workers. Linux only.
 */
export async function run(): Promise<void> {
  const accounts = size('accounts', 1_000);
  const backfill = size('backfill', 300_000);
  const seconds = size('seconds', 120);
  const server = await startBenchServer();
  const redis = await startRedis();
  const sandbox = await startBenchSandbox({
    further: [...Array.from({ length: accounts }, () => TASKS), backfill],
  });
  const folder = mkdtempSync(join(tmpdir(), 'taskmirror-bench-'));
  const databaseUrl = await server.create('many');
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} });
  const queue = new Redis(redis.url);
  const large = nameOf(accounts);
  const figures: Figure[] = [];
  const workers = new Set<ChildProcess>();
  const start = (pollEvery: string): void => {
    const worker = spawn(process.execPath, [...programOf(), 'start'], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        CREDENTIALS_KEY: sandbox.env['CREDENTIALS_KEY'],
        DATABASE_URL: databaseUrl,
        REDIS_URL: redis.url,
        POLL_EVERY: pollEvery,
        HTTP_PORT: 'off',
        LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    workers.add(worker);
  };
  const stop = async () => {
    const ends = [...workers].map((worker) => once(worker, 'exit'));
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(ends);
    workers.clear();
  };
  const redisPid = Number(/^process_id:(\d+)/m.exec(await queue.info('server'))?.[1]);
  const postmaster = await server.postmaster();
  const used = () => ({
    workers: [...workers].reduce((sum, { pid = 0 }) => sum + processorMs(pid), 0),
    postgres: familyMs(postmaster),
    redis: processorMs(redisPid),
    sandbox: processorMs(sandbox.pid),
  });
  const place = async () => {
    const [at] = await sql<{ now: Date; lsn: string }[]>`
      select clock_timestamp() as now, pg_current_wal_insert_lsn()::text as lsn`;
    if (at === undefined) throw new Error('the database gave no row');
    return at;
  };
  /** What the workers do in so many seconds, apart from the account that is read. */
  const watch = async (what: string, every: number, watched: number): Promise<Figure> => {
    const from = await place();
    const before = used();
    const began = performance.now();
    await delay(watched * 1_000);
    const took = (performance.now() - began) / 1_000;
    const after = used();
    const [done] = await sql<{ polls: number; gap: number; late: number; wal: number }[]>`
      with gaps as (
        select connection, started_at,
          coalesce(lead(started_at) over (partition by connection order by started_at), clock_timestamp()) as next
        from sync.runs where kind = 'poll' and outcome = 'ok' and connection <> ${large}
      )
      select count(*) filter (where started_at >= ${from.now})::int as polls,
        max(extract(epoch from next - started_at)) filter (where next >= ${from.now})::float8 as gap,
        count(distinct connection) filter (where next >= ${from.now} and next - started_at > ${every + 5} * interval '1 second')::int as late,
        (pg_current_wal_insert_lsn() - ${from.lsn}::pg_lsn)::float8 as wal
      from gaps`;
    const polls = done?.polls ?? 0;
    const each = (who: keyof typeof after) => round((after[who] - before[who]) / polls, 1);
    const all = Object.values(after).reduce((a, b) => a + b) - Object.values(before).reduce((a, b) => a + b);
    return {
      what,
      workers: workers.size,
      polls,
      wanted: round((accounts * watched) / every),
      'polls/s': round(polls / took, 1),
      'longest gap, s': round(done?.gap ?? Number.NaN, 1),
      'accounts left alone 5 s too long': done?.late ?? Number.NaN,
      'ms a poll: worker': each('workers'),
      postgres: each('postgres'),
      redis: each('redis'),
      sandbox: each('sandbox'),
      'WAL bytes a poll': round((done?.wal ?? Number.NaN) / polls),
      'cores used': round(all / took / 1_000, 2),
    };
  };
  try {
    figures.push(...(await measureSchedules(redis.url, databaseUrl)));
    await addAccounts(databaseUrl, sandbox, 0, accounts);
    say(`reading ${accounts} accounts`);
    start('60s');
    const counted = async (query: postgres.PendingQuery<postgres.Row[]>) =>
      Number((await query)[0]?.['count']);
    const first = await timed(() =>
      until(
        'all are read',
        async () => (await counted(sql`select count(*) from sync.cursors`)) === accounts,
        600_000,
      ),
    );
    figures.push({
      what: `first reads of ${accounts} accounts`,
      workers: 1,
      seconds: round(first / 1_000, 1),
    });
    await sandbox.setLatency(LATENCY_MS);
    const polled = () =>
      counted(sql`select count(distinct connection) from sync.runs where kind = 'poll' and outcome = 'ok'`);
    await until('all are polled', async () => (await polled()) === accounts, 180_000);
    figures.push(await watch(`a poll a minute, at ${LATENCY_MS} ms an answer`, MINUTE_S, seconds));
    say(JSON.stringify(figures.at(-1)));

    await addAccounts(databaseUrl, sandbox, accounts, accounts + 1);
    await until(
      'it is read',
      async () =>
        (await sql`select from sync.walks where connection = ${large} and batches > 0`).length === 1,
      90_000,
    );
    for (const latency of [LATENCY_MS, 0]) {
      await sandbox.setLatency(latency);
      const what = `the same beside a first read, at ${latency} ms an answer`;
      const beside = await watch(what, MINUTE_S, MINUTE_S + 15);
      const rows = await counted(sql`select count(*) from invoiced.tasks where connection = ${large}`);
      figures.push({ ...beside, 'rows read beside it': rows });
      say(JSON.stringify(figures.at(-1)));
    }
    await stop();
    await sql`update sync.connections set paused_at = clock_timestamp() where name = ${large}`;

    for (const latency of [SLOW_MS, 0]) {
      await sandbox.setLatency(latency);
      for (const count of [1, 2, 4]) {
        for (let n = 0; n < count; n += 1) start('1s');
        await until('all are at work', async () => (await listening(sql)) === 2 * count, 180_000);
        await delay(STEADY_MS);
        figures.push(await watch(`as fast as it goes, at ${latency} ms an answer`, 1, SATURATED_S));
        say(JSON.stringify(figures.at(-1)));
        await stop();
      }
    }
    report('many', server.version, figures);
  } finally {
    await stop();
    queue.disconnect();
    await sql.end();
    await sandbox.close();
    await redis.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

async function listening(sql: postgres.Sql): Promise<number> {
  return (await sql`select from pg_stat_activity where application_name = 'taskmirror listen'`).length;
}
