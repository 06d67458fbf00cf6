import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { programOf } from '../daemon/program.js';
import { startRedis } from '../servers/redis.js';
import { until } from '../servers/until.js';
import { say } from './database.js';
import { startBenchServer } from './ground.js';
import { report, spread } from './report.js';
import { startBenchSandbox } from './sandbox.js';

const ROUNDS = 5;

/**
 * Two workers in processes of their own, with the usual settings and the queue on Redis: the one that is at a first read is killed, and it
 * is timed until the other goes on with it. Five rounds, each with workers that have just started, so that nothing could be warmed up.
 */
export async function run(): Promise<void> {
  const server = await startBenchServer();
  const redis = await startRedis();
  const folder = mkdtempSync(join(tmpdir(), 'taskmirror-bench-'));
  const times: number[] = [];
  try {
    for (let turn = 1; turn <= ROUNDS; turn++) {
      // So slow that no first read ends before it is looked at.
      const sandbox = await startBenchSandbox({ freshbooks: 100_000, latency: 1_000 });
      const name = `takeover_${turn}`;
      const url = await server.create(name);
      const sql = postgres(url, { max: 1, onnotice: () => {} });
      const { INVOICED_API_KEY: _, FRESHBOOKS_ACCESS_TOKEN: __, ...env } = sandbox.env;
      const start = () =>
        spawn(process.execPath, [...programOf(), 'start'], {
          cwd: folder,
          env: {
            PATH: process.env['PATH'],
            HOME: process.env['HOME'],
            ...env,
            DATABASE_URL: url,
            REDIS_URL: `${redis.url}/${turn}`,
            HTTP_PORT: 'off',
            LOG_LEVEL: 'warn',
          },
          stdio: ['ignore', 'ignore', 'inherit'],
        });
      const workers: ChildProcess[] = [];
      const pages = async () => {
        const [seen] = await sql<{ batches: number }[]>`select batches from sync.walks`;
        return seen?.batches ?? 0;
      };
      try {
        workers.push(start());
        await until('the first worker reads', async () => (await pages()) > 1, 60_000);
        workers.push(start());
        await until(
          'the second is connected too',
          async () => {
            const listening = await sql`
            select from pg_stat_activity where datname = current_database() and application_name = 'taskmirror listen'`;
            return listening.length === 4;
          },
          60_000,
        );
        workers[0]?.kill('SIGKILL');
        const killed = performance.now();
        const before = await pages();
        await until('the second goes on', async () => (await pages()) > before, 180_000);
        const seconds = (performance.now() - killed) / 1000;
        say(`  round ${turn}: ${seconds.toFixed(1)} s`);
        times.push(seconds);
      } finally {
        for (const worker of workers) {
          const ended = once(worker, 'exit');
          if (worker.exitCode === null && worker.signalCode === null) {
            worker.kill('SIGKILL');
            await ended;
          }
        }
        await sql.end();
        await sandbox.close();
        await server.drop(name);
      }
    }
    const figures = [{ rounds: ROUNDS, 'seconds until the walk goes on': spread(times, 1) }];
    report('takeover', server.version, figures, 'median (least-most)');
  } finally {
    await redis.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}
