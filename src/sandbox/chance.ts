/** A seeded source of chance whose state is one 32-bit number (mulberry32). */
export interface Chance {
  /** Uniform in [0, 1). */
  random(): number;
  state(): number;
  restore(state: number): void;
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  return {
    random() {
      state = (state + 0x6d2b79f5) >>> 0;
      return scramble(state, state | 1) / 2 ** 32;
    },
    state: () => state,
    restore: (stored) => {
      state = stored >>> 0;
    },
  };
}

/** The same 32-bit number for the same seed, index and purpose: chance without a state, for rows that are made on demand. */
export function hash(seed: number, index: number, purpose: number): number {
  const mixed =
    Math.imul(seed ^ Math.imul(index, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(purpose + 1, 0xc2b2ae35);
  return scramble(mixed, mixed | 1);
}

export function pick<T>(items: readonly T[], number: number): T {
  const item = items[number % items.length];
  if (item === undefined) throw new RangeError('Nothing to choose from.');
  return item;
}

function scramble(value: number, odd: number): number {
  let mixed = Math.imul(value ^ (value >>> 15), odd);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return (mixed ^ (mixed >>> 14)) >>> 0;
}
