import { setTimeout as delay } from 'node:timers/promises';

/** Time and chance, injected everywhere so that tests can wind and replay them. */
export interface Runtime {
  /** Milliseconds since 1970 by this machine's clock. */
  now(): number;
  /** Milliseconds since some moment, by a clock that nobody sets: only differences of it mean anything. */
  elapsed(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Waits; rejects with the signal's reason when it aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemRuntime: Runtime = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  sleep: async (milliseconds, signal) => {
    await delay(milliseconds, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  },
};
