import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for a condition, which is asked again every 20 ms: a test never sleeps for a fixed time.
 * Returns the first value that is neither false, null nor undefined. What the condition throws counts as "not yet",
 * and is the cause of the error after `withinMs`.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  withinMs = 20_000,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + withinMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (isThere(value)) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > end) throw new Error(`Waited ${withinMs} ms in vain: ${what}`, { cause });
    await delay(20);
  }
}

function isThere<T>(value: T): value is Exclude<T, false | null | undefined> {
  return value !== false && value !== null && value !== undefined;
}
