import type { Runtime } from '../runtime.js';

/** Waits for `work`, but not for longer, and tells how it ended: it may still go on where it is `late`. */
export async function within(
  ms: number,
  work: Promise<unknown>,
  runtime: Runtime,
): Promise<'done' | 'failed' | 'late'> {
  const over = new AbortController();
  const late = runtime.sleep(ms, over.signal).then(
    () => 'late' as const,
    () => 'late' as const,
  );
  const ended = work.then(
    () => 'done' as const,
    () => 'failed' as const,
  );
  const first = await Promise.race([ended, late]);
  over.abort();
  return first;
}
