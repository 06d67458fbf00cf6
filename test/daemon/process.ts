import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** One command line in a process of its own, killed when the test ends. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<number | NodeJS.Signals>;
  output(): string;
  errors(): string;
  kill(signal: NodeJS.Signals): void;
}

export function runProgram(
  args: readonly string[],
  { env, folder }: { readonly env: Readonly<Record<string, string | undefined>>; readonly folder: string },
): Program {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [...programOf(), ...args], {
    cwd: folder,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const collected = { output: '', errors: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    collected.output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    collected.errors += chunk.toString();
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    pid: child.pid ?? -1,
    ended,
    output: () => collected.output,
    errors: () => collected.errors,
    kill: (signal) => void child.kill(signal),
  };
}

/** What `npm test` has built; the source itself, which starts slower, where it is newer. */
export function programOf(): readonly string[] {
  const built = join(ROOT, 'dist/main.js');
  if (changedAt(built) >= newestUnder(join(ROOT, 'src'))) return [built];
  return ['--import', join(ROOT, 'node_modules/tsx/dist/esm/index.mjs'), join(ROOT, 'src/main.ts')];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function newestUnder(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Math.max(...names.map((name) => changedAt(join(folder, name))));
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
