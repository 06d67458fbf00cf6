import { inRealTime, onAbort } from './abort.js';
import { ApiError } from './errors.js';

/**
 * Runs a write that is not to be cut off: when `signal` aborts it has `graceMs` left, so that its outcome is known. From here on it
 * fails in no way but an ApiError, since only that can tell that the outcome is unknown.
 */
export async function seenThrough<T>(
  write: (cut: AbortSignal) => Promise<T>,
  request: string,
  graceMs: number,
  signal: AbortSignal,
): Promise<T> {
  const unknown = (detail: string, cause?: unknown) =>
    new ApiError({ kind: 'timeout', request, detail }, { cause });
  const cut = new AbortController();
  let grace = () => {};
  const unlink = onAbort(signal, () => {
    grace = inRealTime(graceMs, () => cut.abort(unknown('cut off while it was under way')));
  });
  try {
    return await write(cut.signal);
  } catch (error) {
    throw error instanceof ApiError ? error : unknown('it was answered, but not seen to its end', error);
  } finally {
    unlink();
    grace();
  }
}
