import type { Runtime } from '../runtime.js';

/** Waits for `work`, however it ends, but not for longer: false when it was not over in time. */
export async function within(ms: number, work: Promise<unknown>, runtime: Runtime): Promise<boolean> {
  const over = new AbortController();
  const timeout = runtime.sleep(ms, over.signal).then(
    () => false,
    () => false,
  );
  const ended = work.then(
    () => true,
    () => true,
  );
  const first = await Promise.race([ended, timeout]);
  over.abort();
  return first;
}
