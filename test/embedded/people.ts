import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { until } from '../servers/until.js';
import { type Ground, groundFor } from './ground.js';

/** Another process that uses the embedded server. */
export interface Person {
  readonly url: string;
  close(): Promise<void>;
  /** Ends it without giving it a chance to clean up. */
  kill(): Promise<void>;
  /** What Ctrl-C at its terminal does: every process of its group gets SIGINT. */
  pressCtrlC(): Promise<void>;
}

export interface User {
  readonly uid?: number;
  readonly gid?: number;
}

export const NOBODY = { uid: 65_534, gid: 65_534 } satisfies User;

let ground: Ground | null = null;

/** Call when all openers have ended. */
export function leaveGround(): void {
  ground?.remove();
  ground = null;
}

/** Opens the server in `folder` from a process of its own. Throws its error's message. */
export async function openAs(folder: string, user: User = {}): Promise<Person> {
  ground ??= groundFor(NOBODY);
  const [tsx, opener] = ['node_modules/tsx/dist/esm/index.mjs', 'test/embedded/opener.ts'];
  const args = ['--import', join(ground.root, tsx), join(ground.root, opener), folder];
  const child = spawn(ground.node, args, {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...user,
  });
  const said = collect(child);
  await until('the server is open', () => said().includes('\n') || hasEnded(child), 60_000);
  const answer = JSON.parse(said().split('\n')[0] || '{}') as { url?: string; error?: string };
  if (!answer.url) {
    await ended(child);
    throw new Error(answer.error ?? `the opener ended: ${said()}`);
  }
  return {
    url: answer.url,
    close: async () => {
      child.stdin?.end();
      await ended(child);
      if (!said().includes('"closed":true')) throw new Error('the opener did not close');
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended(child);
    },
    pressCtrlC: async () => {
      process.kill(-(child.pid ?? 0), 'SIGINT');
      await ended(child);
    },
  };
}

/** A folder for one test, with everything that its server leaves, wherever that lies. */
export function makeFolder(): { path: string; remove: () => void } {
  const parent = mkdtempSync(join(tmpdir(), 'taskmirror-embedded-'));
  return {
    path: join(parent, 'data'),
    remove: () => {
      const home = join(parent, 'data/postgres');
      if (existsSync(home)) rmSync(realpathSync(home), { recursive: true });
      rmSync(parent, { recursive: true });
    },
  };
}

export function serverPid(folder: string): number {
  return Number(readFileSync(join(folder, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
}

/** Whether it runs anything: a zombie, whose parent has not asked for its exit code yet, does not. */
export function isRunning(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}

/** Runs one statement on a connection of its own. */
export async function ask(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

function collect(child: ChildProcess): () => string {
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr?.resume();
  return () => said;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function ended(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await new Promise((resolve) => child.once('exit', resolve));
}
