import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, chownSync, constants, mkdtempSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface GuardedServer {
  stop(): Promise<void>;
  /** What the server has printed, until `stop`: for the error when it does not come up. */
  output(): string;
}

/** A user and a folder of its own for a server. */
export interface Place {
  readonly folder: string;
  readonly user: { readonly uid: number; readonly gid: number } | Record<string, never>;
}

/**
 * Starts a server that can't outlive this process, however this process ends: a shell of its own process group holds
 * our pipe, and when the pipe closes it signals the server, waits for it and removes its folder.
 */
export function startGuarded(
  place: Place,
  signal: 'INT' | 'TERM',
  command: readonly string[],
): GuardedServer {
  const script = `exec >"$0/log" 2>&1
    "$@" </dev/null 3<&- & server=$!
    cat <&3 >/dev/null; kill -${signal} $server; wait $server; rm -rf "$0"`;
  const shell = spawn('/bin/sh', ['-c', script, place.folder, ...command], {
    cwd: place.folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    ...place.user,
  });
  return {
    stop: () => stop(shell),
    output: () => readFileSync(join(place.folder, 'log'), 'utf8'),
  };
}

/** A new folder in this one, or the system's temporary one; as root it belongs to a user who may run PostgreSQL. */
export function makePlace(name: string, within = tmpdir()): Place {
  const folder = mkdtempSync(join(within, `taskmirror-test-${name}-`));
  if (process.getuid?.() !== 0) return { folder, user: {} };
  const user = ['postgres', 'nobody'].map(idsOf).find((ids) => ids !== null);
  if (!user) throw new Error('Neither a user postgres nor nobody exists to run the test servers as.');
  chownSync(folder, user.uid, user.gid);
  return { folder, user };
}

/** The folder whose files are in memory, where this machine has one to write to, with so many bytes free. */
export function memoryFolder(bytes: number): string | null {
  try {
    accessSync(SHARED_MEMORY, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    return bavail * bsize >= bytes ? SHARED_MEMORY : null;
  } catch {
    return null;
  }
}

const SHARED_MEMORY = '/dev/shm';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('A listening socket without a port.');
  return address.port;
}

function idsOf(name: string): { uid: number; gid: number } | null {
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

async function stop(shell: ChildProcess): Promise<void> {
  if (shell.exitCode !== null || shell.signalCode !== null) return;
  const ended = new Promise((resolve) => shell.once('exit', resolve));
  const pipe = shell.stdio[3];
  if (pipe && 'destroy' in pipe) pipe.destroy();
  await ended;
}
