import { execFile, spawn } from 'node:child_process';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import type { Binaries } from './binaries.js';
import type { Home } from './home.js';

/** The server's first process, as its own `postmaster.pid` tells. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Whether it takes connections: false while it starts, recovers or stops. */
  readonly ready: boolean;
}

const LOG_BYTES = 5_000_000;

/** The server that runs on this data, if any. */
export async function runningPostmaster(data: string): Promise<Postmaster | null> {
  const file = join(data, 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!pid) return null;
  const command = await commandOf(pid);
  if (command.includes(data)) return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
  // A crash left the file behind. PostgreSQL sees through that, unless the number belongs to another process by now.
  if (command !== '') await rm(file, { force: true });
  return null;
}

/** Starts a server that outlives us and that no Ctrl-C at our terminal reaches. */
export async function launch(home: Home, binaries: Binaries, log: Logger): Promise<{ ended: () => boolean }> {
  await keepLogShort(home.log);
  const output = await open(home.log, 'a', 0o600);
  // Whoever may run the server may also write its log.
  if ('uid' in home.user) await output.chown(home.user.uid, home.user.gid);
  const port = await freePort();
  const child = spawn(binaries.postgres, ['-D', home.data, '-p', String(port), ...SETTINGS], {
    cwd: home.data,
    detached: true,
    env: { LC_ALL: 'C' },
    stdio: ['ignore', output.fd, output.fd],
    ...home.user,
  });
  let failed = false;
  child.once('error', (error) => {
    failed = true;
    log.debug({ err: error }, 'the embedded PostgreSQL cannot be run');
  });
  child.unref();
  await output.close();
  log.debug({ pid: child.pid, port, path: home.path }, 'embedded PostgreSQL started');
  return { ended: () => failed || child.exitCode !== null || child.signalCode !== null };
}

/** A fast shutdown: connections are closed, what is committed is kept. `ended` tells when the process is gone. */
export function stopPostmaster({ pid }: Postmaster): { ended: () => Promise<boolean> } {
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    // It has ended by itself.
  }
  return { ended: async () => (await commandOf(pid)) === '' };
}

/** The last lines that the server logged, as one, for an error message. */
export async function endOfLog(home: Home): Promise<string> {
  const text = await readFile(home.log, 'utf8').catch(() => '');
  const lines = text.trim().split('\n').slice(-3);
  return (
    lines.map((line) => line.replace(/^.*?(LOG|FATAL|PANIC|HINT|DETAIL): +/, '')).join('; ') ||
    'it says nothing'
  );
}

const SETTINGS = [
  `listen_addresses=127.0.0.1`,
  'unix_socket_directories=',
  'cluster_name=taskmirror',
  'timezone=UTC',
  'log_timezone=UTC',
  'log_checkpoints=off',
].flatMap((setting) => ['-c', setting]);

/** What a process runs; '' when there is no such process (or only its exit code is left). */
async function commandOf(pid: number): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    if (process.platform === 'linux') return '';
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(
      () => ({
        stdout: '',
      }),
    );
    return stdout;
  }
}

async function keepLogShort(path: string): Promise<void> {
  const size = await stat(path).then(
    (file) => file.size,
    () => 0,
  );
  if (size > LOG_BYTES) await rename(path, `${path}.old`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a listening socket has no port');
  return address.port;
}
