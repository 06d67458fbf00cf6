import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import postgres from 'postgres';
import { packApiKey } from '../../src/daemon/accounts.js';
import { openQueues } from '../../src/jobs/queues.js';
import { reconcileSchedules } from '../../src/jobs/schedules.js';
import { addConnection, insertCredential } from '../../src/mirror/add-connection.js';
import { openDatabase } from '../../src/mirror/database.js';
import { createSealer } from '../../src/mirror/sealing.js';
import { systemRuntime } from '../../src/runtime.js';
import { programOf } from '../daemon/program.js';
import { startRedis } from '../servers/redis.js';
import { until } from '../servers/until.js';
import { processorMs, say, timed } from './database.js';
import { startBenchServer } from './ground.js';
import { type Figure, report, round, size } from './report.js';
import { type BenchSandbox, furtherKey, startBenchSandbox } from './sandbox.js';

const TASKS = 20;
const WARM_MS = 10_000;

/**
 * 1,000 accounts (`--accounts`) of Invoiced, each with 20 tasks: what their polls once a minute cost one worker, and how late the latest
 * is; the same while one account with 200,000 tasks (`--backfill`) is read for the first time; how many polls a second 1, 2 and 4 workers
 * do when they are to poll each account once a second; and what 10,000 schedules cost at a start. The queue is on Redis; the sandbox, in
 * a process of its own, PostgreSQL and Redis share the machine with the workers. Linux only.
 */
export async function run(): Promise<void> {
  const accounts = size('accounts', 1_000);
  const backfill = size('backfill', 200_000);
  const seconds = size('seconds', 60);
  const server = await startBenchServer();
  const redis = await startRedis();
  const sandbox = await startBenchSandbox({
    further: [...Array.from({ length: accounts }, () => TASKS), backfill],
  });
  const folder = mkdtempSync(join(tmpdir(), 'taskmirror-bench-'));
  const databaseUrl = await server.create('many');
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} });
  const figures: Figure[] = [];
  const workers = new Set<ChildProcess>();
  const start = (pollEvery: string): ChildProcess => {
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
    return worker;
  };
  const stop = async () => {
    const ends = [...workers].map((worker) => once(worker, 'exit'));
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(ends);
    workers.clear();
  };
  /** What the workers do in so many seconds. Lags are of the accounts that are polled, and not of the one that is read. */
  const watch = async (what: string, every: number, watched: number): Promise<Figure> => {
    const used = () => [...workers].map(({ pid = 0 }) => processorMs(pid));
    const before = used();
    const [from] = await sql`select clock_timestamp() as now`;
    let lag = 0;
    const until = performance.now() + watched * 1_000;
    const began = performance.now();
    while (performance.now() < until) {
      await delay(1_000);
      const [latest] = await sql`
        select max(extract(epoch from clock_timestamp() - last_pull_at))::float8 as lag
        from sync.connections where name <> ${nameOf(accounts)}`;
      lag = Math.max(lag, Number(latest?.['lag']));
    }
    const [counted] = await sql`
      select count(*)::int as polls from sync.runs
      where kind = 'poll' and outcome = 'ok' and finished_at >= ${from?.['now']} and connection <> ${nameOf(accounts)}`;
    const took = (performance.now() - began) / 1_000;
    const after = used();
    const busy = after.map((ms, n) => round((ms - (before[n] ?? 0)) / took / 10));
    return {
      what,
      workers: workers.size,
      'polls/s': round(Number(counted?.['polls']) / took, 1),
      'wanted/s': round(accounts / every, 1),
      'latest, s': round(lag, 1),
      'core of each worker, %': busy.join(' '),
    };
  };
  try {
    figures.push(...(await measureSchedules(redis.url, databaseUrl)));
    await addAccounts(databaseUrl, sandbox, 0, accounts);
    start('60s');
    const first = await timed(() =>
      until('all are read', async () => (await read(sql)) === accounts, 600_000),
    );
    figures.push({
      what: `first reads of ${accounts} accounts`,
      workers: 1,
      seconds: round(first / 1_000, 1),
    });
    await delay(WARM_MS);
    figures.push(await watch('a poll a minute', 60, seconds));
    await addAccounts(databaseUrl, sandbox, accounts, accounts + 1);
    figures.push(await watch(`the same beside a first read of ${backfill}`, 60, seconds));
    await stop();
    await sql`delete from sync.connections where name = ${nameOf(accounts)}`;
    for (const count of [1, 2, 4]) {
      say(`${count} workers`);
      for (let n = 0; n < count; n += 1) start('1s');
      await delay(WARM_MS);
      figures.push(await watch('a poll a second', 1, 20));
      await stop();
    }
    report('many', figures);
  } finally {
    await stop();
    await sql.end();
    await sandbox.close();
    await redis.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

const nameOf = (n: number): string => `account-${String(n).padStart(5, '0')}`;

async function addAccounts(
  databaseUrl: string,
  sandbox: BenchSandbox,
  from: number,
  to: number,
): Promise<void> {
  const sealer = createSealer([Buffer.from(sandbox.env['CREDENTIALS_KEY'] ?? '', 'base64')]);
  const db = openDatabase(databaseUrl, { applicationName: 'taskmirror bench', max: 1 });
  await db.transaction(async (tx) => {
    for (let n = from; n < to; n += 1) {
      const name = nameOf(n);
      await insertCredential(tx, {
        credentialId: name,
        source: 'invoiced',
        clientId: '',
        sealed: sealer.seal(packApiKey(furtherKey(n))),
        problem: null,
        redirectUri: null,
        sealedClientSecret: null,
      });
      const added = await addConnection(tx, {
        name,
        source: 'invoiced',
        address: sandbox.env['INVOICED_BASE_URL'] ?? '',
        accountId: null,
        credentialId: name,
        pollEvery: 60_000,
        sweepEvery: 21_600_000,
        problem: null,
      });
      if (!added) throw new Error(`${name} is there already`);
    }
  });
  await db.close();
}

async function read(sql: postgres.Sql): Promise<number> {
  const [counted] = await sql`select count(*)::int as read from sync.cursors`;
  return Number(counted?.['read']);
}

/** What it costs to bring 10,000 schedules into the queue, and to find them there. */
async function measureSchedules(redisUrl: string, databaseUrl: string): Promise<readonly Figure[]> {
  const queues = await openQueues({
    redisUrl,
    databaseUrl,
    prefix: 'bench-many',
    runtime: systemRuntime,
    log: pino({ level: 'silent' }),
  });
  const wanted = Array.from({ length: 10_000 }, (_, n) => {
    return { connection: nameOf(n), kind: 'poll', everyMs: 60_000 } as const;
  });
  try {
    const made = await timed(() => reconcileSchedules(queues, wanted));
    const found = await timed(() => reconcileSchedules(queues, wanted));
    await reconcileSchedules(queues, []);
    return [
      { what: '10,000 schedules made', seconds: round(made / 1_000, 2) },
      { what: '10,000 schedules found', seconds: round(found / 1_000, 2) },
    ];
  } finally {
    await queues.close();
  }
}
