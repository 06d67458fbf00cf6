import type { Runtime } from '../runtime.js';
import type { SandboxClock } from './sandbox.js';

/** Where a clock stands, for a snapshot: how far ahead of the machine's it runs, or the moment at which it stands still. */
export type ClockState = { readonly ahead: number } | { readonly frozenAt: number };

export interface StoredClock extends SandboxClock {
  readonly frozen: boolean;
  state(): ClockState;
  restore(state: ClockState): void;
}

/** Runs with the machine's clock, as far ahead of it as it was set, unless frozen. */
export function createClock(runtime: Pick<Runtime, 'now'>, startAt = runtime.now()): StoredClock {
  let state: ClockState = { ahead: startAt - runtime.now() };
  const now = () => ('frozenAt' in state ? state.frozenAt : runtime.now() + state.ahead);
  const set = (milliseconds: number) => {
    if (!Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8.64e15) {
      throw new RangeError(`The clock can't show ${milliseconds} ms since 1970.`);
    }
    state = 'frozenAt' in state ? { frozenAt: milliseconds } : { ahead: milliseconds - runtime.now() };
  };
  return {
    now,
    set,
    advance: (milliseconds) => set(now() + milliseconds),
    freeze: () => {
      state = { frozenAt: now() };
    },
    thaw: () => {
      state = { ahead: now() - runtime.now() };
    },
    get frozen() {
      return 'frozenAt' in state;
    },
    state: () => state,
    restore: (stored) => {
      state = stored;
    },
  };
}
