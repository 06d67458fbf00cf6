import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { programOf } from './program.js';

/** One command line in a process of its own, killed when the test ends. */
export interface Program {
  readonly pid: number;
  readonly ended: Promise<number | NodeJS.Signals>;
  output(): string;
  errors(): string;
  kill(signal: NodeJS.Signals): void;
  /** Writes to its standard input, which is a pipe that stays open. */
  type(text: string): void;
}

export function runProgram(
  args: readonly string[],
  { env, folder }: { readonly env: Readonly<Record<string, string | undefined>>; readonly folder: string },
): Program {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [...programOf(), ...args], {
    cwd: folder,
    env: { PATH, HOME, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // One that ends reads no more.
  child.stdin.on('error', () => {});
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
    type: (text) => void child.stdin.write(text),
  };
}
