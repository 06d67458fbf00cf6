import type { Runtime } from '../../src/runtime.js';

export interface QuickRuntime extends Runtime {
  /** The pauses that were asked for, in milliseconds. */
  readonly pauses: readonly number[];
}

/** Time that passes only by pauses, which take none; the middle of all chance. */
export function quickRuntime(start = Date.parse('2026-06-01T12:00:00Z')): QuickRuntime {
  const pauses: number[] = [];
  let now = start;
  return {
    pauses,
    now: () => now,
    elapsed: () => now - start,
    random: () => 0.5,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      pauses.push(milliseconds);
      now += milliseconds;
    },
  };
}
