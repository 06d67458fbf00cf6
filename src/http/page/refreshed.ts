import type { Logger } from 'pino';
import type { Runtime } from '../../runtime.js';
import { bounded, shared } from '../bounded.js';

export interface Refreshing {
  readonly runtime: Runtime;
  readonly log: Logger;
  /** What it gives stays good for so long, in milliseconds; longer where `work` takes more than a 20th of that. */
  readonly everyMs: number;
  /** How long whoever asks waits for it, in milliseconds. */
  readonly waitMs: number;
}

/**
 * For what is dear to find out: gives what `work` found last, and has it look again where that is old. Who asks waits for that only where
 * it is very old, no longer than `waitMs`, and then gets what was found before; null where nothing was yet, or where the first look failed.
 */
export function refreshed<T>(
  work: () => Promise<T>,
  { runtime, log, everyMs, waitMs }: Refreshing,
): () => Promise<T | null> {
  let found: { readonly value: T; readonly at: number; readonly goodUntil: number } | null = null;
  const look = shared(async () => {
    const began = runtime.now();
    const value = await work();
    const now = runtime.now();
    found = { value, at: now, goodUntil: now + Math.max(everyMs, REST * (now - began)) };
  });
  return async () => {
    if (found === null || runtime.now() >= found.goodUntil) {
      const looking = look().catch((error: unknown) => {
        log.debug({ err: error }, 'A part of the status page could not be read anew.');
      });
      const age = found === null ? Number.POSITIVE_INFINITY : runtime.now() - found.at;
      if (age > OLD * everyMs) await bounded(waitMs, looking, runtime).catch(() => {});
    }
    return found?.value ?? null;
  };
}

/** What was found is worth waiting for after so many times as long as it is good. */
const OLD = 5;
/** Looking takes no more than about one part in so many of the time. */
const REST = 20;
