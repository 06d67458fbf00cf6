import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programOf } from '../../../daemon/program.js';

/** Daemons in processes of their own, on one database and one Redis, to be killed and started again. */
export interface Daemons {
  /** `kill -9`, and another one in its place. */
  kill(place: number): Promise<void>;
  /** Runs a verb to its end; gives its exit code. */
  run(...verb: readonly string[]): Promise<number>;
  /** All that they printed. */
  output(): string;
  stop(): Promise<void>;
}

export async function startDaemons(
  count: number,
  settings: Readonly<Record<string, string>>,
): Promise<Daemons> {
  const folder = await mkdtemp(join(tmpdir(), 'taskmirror-proof-'));
  const { PATH, HOME } = process.env;
  const printed: string[] = [];
  const begin = (verb: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, [...programOf(), ...verb], {
      cwd: folder,
      env: { PATH, HOME, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => printed.push(String(chunk)));
    return child;
  };
  const ended = (child: ChildProcess) =>
    new Promise<number>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? 1);
      else child.once('close', (code) => resolve(code ?? 1));
    });
  const running = Array.from({ length: count }, () => begin(['start']));
  return {
    kill: async (place) => {
      const child = running[place % running.length];
      if (child === undefined) return;
      child.kill('SIGKILL');
      await ended(child);
      running[place % running.length] = begin(['start']);
    },
    run: (...verb) => ended(begin(verb)),
    output: () => printed.join(''),
    stop: async () => {
      for (const child of running) child.kill('SIGTERM');
      await Promise.all(running.map(ended));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
