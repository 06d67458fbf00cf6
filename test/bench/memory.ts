import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { programOf } from '../daemon/program.js';
import { startRedis } from '../servers/redis.js';
import { until } from '../servers/until.js';
import { startBenchServer } from './ground.js';
import { chosenSource, type Figure, report, round, size } from './report.js';
import { startBenchSandbox } from './sandbox.js';

/**
 * The most memory that the daemon has resident (`VmHWM`) in a first read of 1,000,000 tasks (`--rows`) of one source (`--source`, else
 * invoiced), and in a walk over all of them again; with the queue on Redis. Once. Linux only.
 *
 * What holds it: 52 MB are the program of Node itself, mapped from its file, and 53 the modules and what they made, at rest. Pages and
 * buffers under way are 2 to 10. All else was garbage: with gigabytes free V8 let a heap of 45 MB grow to 100 before it collected. Now the
 * daemon has it collect when it has grown by a third (`src/cli/lean-heap.ts`), for the same rows/s: 100,000 of Invoiced peaked at 205 and
 * 216 MB, and now at 168 and 155. Until its first full collection V8 keeps to a size of its own, so there is one at the start: without it
 * 60,000 of FreshBooks came to 225 MB, and now to 167. A young generation of 4 MB (`node --max-semi-space-size=4`) saves 20 more.
 * 1,000,000 peak no higher: 170 MB of Invoiced, 174 of FreshBooks. From its source, through a loader, the daemon takes 40 more: it is built first.
 * A limit on the whole heap would save as much, and end the process on one large answer.
 */
export async function run(): Promise<void> {
  const rows = size('rows', 1_000_000);
  const source = chosenSource();
  const server = await startBenchServer();
  const redis = await startRedis();
  const sandbox = await startBenchSandbox({ [source]: rows });
  const folder = mkdtempSync(join(tmpdir(), 'taskmirror-bench-'));
  const url = await server.create('memory');
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const wanted = Object.entries(sandbox.env).filter(
    ([name]) => name === 'CREDENTIALS_KEY' || name.startsWith(source.toUpperCase()),
  );
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    ...Object.fromEntries(wanted),
    DATABASE_URL: url,
    REDIS_URL: redis.url,
    HTTP_PORT: '0',
    LOG_LEVEL: 'warn',
  };
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
  const flags = scripts.start.split(' ').filter((word) => word.startsWith('--'));
  const start = (...args: readonly string[]) =>
    spawn(process.execPath, [...flags, ...programOf(), ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  const daemon = start('start');
  const ended = once(daemon, 'exit');
  const pid = daemon.pid ?? 0;
  const figures: Figure[] = [];
  const watched = async (what: string, work: () => Promise<void>) => {
    // Resets the high-water mark.
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    const thirds = watchMemory(pid);
    const began = performance.now();
    await work();
    const seconds = (performance.now() - began) / 1000;
    figures.push({
      what,
      source,
      rows,
      seconds: round(seconds, 1),
      'rows/s': round(rows / seconds),
      'peak MB': round(memoryOf(pid, 'VmHWM')),
      'peak of each third, MB': thirds()
        .map((peak) => round(peak))
        .join(' '),
    });
  };
  try {
    await watched('first read', async () => {
      await until(
        'the first read is over',
        async () => (await sql`select from sync.cursors`.catch(() => [])).length === 1,
        1_200_000,
      );
    });
    await sql.unsafe('vacuum analyze');
    await watched('walk over all again', async () => {
      const [code] = await once(start('resync', '--full', '--wait'), 'exit');
      if (code !== 0) throw new Error(`resync --full --wait ended with ${code}`);
    });
    report('memory', server.version, figures);
  } finally {
    daemon.kill('SIGTERM');
    await ended;
    await sql.end();
    await sandbox.close();
    await redis.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Samples the resident memory until it is asked for the peak of each third of the time. */
function watchMemory(pid: number): () => readonly number[] {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(memoryOf(pid, 'VmRSS')), 200);
  return () => {
    clearInterval(timer);
    const third = Math.ceil(samples.length / 3);
    return [0, 1, 2].map((n) => Math.max(...samples.slice(n * third, (n + 1) * third)));
  };
}

/** In MB. https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function memoryOf(pid: number, name: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1000;
}
