import { expect, test } from 'vitest';
import { storm } from '../proof/storm/storm.js';

/** Seeds that once found a fault: 147 an edit of a pulled row that its fold forgot. */
const FOUND = [147];

/** `STORM_SEED=1 STORM_TIMES=100 npx vitest run test/sync/push-storm.test.ts` goes through a hundred of them. */
const first = Number(process.env['STORM_SEED'] ?? 1);
const times = Number(process.env['STORM_TIMES'] ?? 2);
const steps = Number(process.env['STORM_STEPS'] ?? 150);

const seeds = [
  ...Array.from({ length: times }, (_, i) => first + i),
  ...(process.env['STORM_SEED'] === undefined ? FOUND : []),
];

test.each(seeds)(
  'after a storm of edits and faults both sides are equal and nothing is lost: seed %i',
  { timeout: 300_000 },
  async (seed) => {
    const faults = await storm({ seed, steps });
    // Of many seeds the first red one is told at once.
    if (times > 10 && faults.length > 0) process.stderr.write(`seed ${seed}:\n${faults.join('\n')}\n`);
    expect(faults).toEqual([]);
  },
);
