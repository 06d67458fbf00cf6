import fc from 'fast-check';
import type { Ground } from './ground.js';
import type { History } from './history.js';
import { type Played, play } from './play.js';
import { historiesOf } from './settings.js';

export interface Tried extends Played {
  readonly seed: number;
  readonly history: History;
  /** The smallest history that was found to fail in the same way, and how. */
  readonly shrunk: (Played & { readonly history: History }) | null;
}

/** Plays the history that this seed stands for: each third one is of links. One that fails is made as small as `shrinkMs` allow. */
export async function tryOne(ground: Ground, seed: number, shrinkMs: number): Promise<Tried> {
  const [first] = await run(ground, seed, 0, () => true);
  if (first === undefined) throw new Error('a seed gave no history');
  if (first.faults.length === 0 || shrinkMs <= 0) return { seed, ...first, shrunk: null };
  const kinds = new Set(first.faults.map(kindOf));
  const tries = await run(ground, seed, shrinkMs, (faults) =>
    faults.some((fault) => kinds.has(kindOf(fault))),
  );
  const shrunk = tries.filter(({ fails }) => fails).at(-1) ?? null;
  return { seed, ...first, shrunk };
}

interface Try extends Played {
  readonly history: History;
  readonly fails: boolean;
}

async function run(
  ground: Ground,
  seed: number,
  shrinkMs: number,
  counts: (faults: readonly string[]) => boolean,
): Promise<readonly Try[]> {
  const tries: Try[] = [];
  const until = performance.now() + shrinkMs;
  await fc.check(
    fc.asyncProperty(historiesOf(seed), async (history) => {
      // Not by fast-check's own limit, which leaves a history behind that is still being played.
      if (tries.length > 0 && performance.now() > until) return true;
      const played = await play(ground, history);
      const fails = played.faults.length > 0 && counts(played.faults);
      tries.push({ ...played, history, fails });
      return !fails;
    }),
    { seed, numRuns: 1, endOnFailure: shrinkMs === 0 },
  );
  return tries;
}

/** A fault without its names and numbers. */
const kindOf = (fault: string): string => fault.replace(/\([^)]*\)|[A-Z]?\d[\d.]*/g, '').slice(0, 60);
