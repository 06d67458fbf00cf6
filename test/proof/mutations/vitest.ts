import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** How tests ended, by name. */
export interface Ended {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** Why tests could not even begin; null where they did. */
  readonly broken: string | null;
  /** The first line of what the first failure said. */
  readonly why: string;
}

const report = z.object({
  testResults: z.array(
    z.object({
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

export interface Choice {
  /** What the names of the tests hold that are run. */
  readonly names: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether the first failure is enough. */
  readonly bail: boolean;
}

/** Runs some tests of some files, in a folder. */
export async function runTests(
  folder: string,
  files: readonly string[],
  { names, env, bail }: Choice,
): Promise<Ended> {
  const out = join(folder, 'mutation-report.json');
  const named = ['-t', names.map(escaped).join('|')];
  const args = [
    'run',
    ...files,
    ...named,
    ...(bail ? ['--bail=1'] : []),
    ...PATIENT,
    '--reporter=json',
    `--outputFile=${out}`,
  ];
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
    cwd: folder,
    env: { ...process.env, ...env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  await new Promise((resolve) => child.once('close', resolve));
  const text = await readFile(out, 'utf8').catch(() => null);
  if (text === null) return { passed: [], failed: [], broken: said.slice(-2_000), why: '' };
  await rm(out);
  const { testResults } = report.parse(JSON.parse(text));
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.filter(({ status }) => status === 'failed');
  const why = failed.flatMap(({ failureMessages }) => failureMessages ?? []).join('\n');
  const unborn = testResults.find(({ assertionResults }) => assertionResults.length === 0);
  return {
    passed: tests.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName),
    failed: failed.map(({ fullName }) => fullName),
    // A migration that does not run fails every test, which shows nothing about any of them.
    why: (why.split('\n')[0] ?? '').slice(0, 160),
    broken: unborn ? unborn.message : (/The migrations fail[^\n]*/.exec(why)?.[0] ?? null),
  };
}

/** On a busy machine a test that is slow must not be taken for one that fails. */
const PATIENT = ['--testTimeout=120000', '--hookTimeout=120000'];

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
