import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import { type InterruptingSignal, Interruption } from '../../src/cli/interruption.js';
import { runCli } from '../../src/cli/run.js';
import { systemRuntime } from '../../src/runtime.js';

/** One command line under way, in a folder of its own. */
export interface Command {
  readonly code: Promise<number>;
  /** What it has written so far. */
  output(): string;
  errors(): string;
  interrupt(by: InterruptingSignal): void;
}

export interface Surroundings {
  readonly env?: Record<string, string>;
  readonly folder?: string;
  /** What is piped into it. */
  readonly input?: string;
}

export function begin(args: readonly string[], { env = {}, folder, input = '' }: Surroundings = {}): Command {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const [output, errors] = [collect(stdout), collect(stderr)];
  const interruption = new AbortController();
  stdin.end(input);
  const code = runCli(args, {
    folder: folder ?? makeFolder(),
    env,
    input: stdin,
    output: stdout,
    errors: stderr,
    signal: interruption.signal,
    runtime: systemRuntime,
  });
  return { code, output, errors, interrupt: (by) => interruption.abort(new Interruption(by)) };
}

export async function run(
  args: readonly string[],
  surroundings: Surroundings = {},
): Promise<{ code: number; output: string; errors: string }> {
  const command = begin(args, surroundings);
  const code = await command.code;
  return { code, output: command.output(), errors: command.errors() };
}

/** A folder that is gone after the test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmirror-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function collect(stream: PassThrough): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}
