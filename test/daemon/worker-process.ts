import { makeFolder } from '../cli/command.js';
import { until } from '../servers/index.js';
import { type Program, runProgram } from './process.js';
import type { World } from './world.js';

/** A worker in a process of its own, with the usual settings but for what the world's environment says. It works when this resolves. */
export async function startWorker({ env }: Pick<World, 'env'>): Promise<Program> {
  const worker = runProgram(['start'], { env, folder: makeFolder() });
  await until('a worker works', () => says(worker, 'taskmirror works'), STARTS_MS);
  return worker;
}

/** Whether its log holds these words. Fails when it has complained instead. */
export function says(worker: Program, words: string): boolean {
  if (worker.errors() !== '') throw new Error(worker.errors());
  return worker.output().includes(words);
}

/** Three workers that start at once on a machine that is busy besides. */
const STARTS_MS = 60_000;
