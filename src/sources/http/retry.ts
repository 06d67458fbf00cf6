import type { Runtime } from '../../runtime.js';
import type { SourceLog } from '../account.js';
import { unlessAborted } from './abort.js';
import type { ApiError, ApiErrorKind } from './errors.js';
import type { HttpLimits } from './limits.js';

/** One try's result. What is thrown instead is not the request's own failure, and is not tried again. */
export type Tried<T> = { readonly done: T } | { readonly failed: ApiError };

/** What may be different the next time. */
const MAY_HEAL: ReadonlySet<ApiErrorKind> = new Set<ApiErrorKind>([
  'network',
  'timeout',
  'server',
  'unreadable',
  'rate-limited',
  'conflict',
]);

/**
 * Tries again after failures that may heal and of which `mayRepeat` says that it does no harm, with full jitter, bounded in count
 * and in time. Gives the last result.
 */
export async function withRetries<T>(
  attempt: () => Promise<Tried<T>>,
  mayRepeat: (failed: ApiError) => boolean,
  limits: HttpLimits,
  runtime: Runtime,
  signal: AbortSignal,
  log?: SourceLog,
): Promise<Tried<T>> {
  const startedAt = runtime.now();
  for (let tries = 1; ; tries++) {
    const tried = await attempt();
    if ('done' in tried || tries >= limits.attempts) return tried;
    if (!MAY_HEAL.has(tried.failed.kind) || !mayRepeat(tried.failed)) return tried;
    const pauseMs = pauseAfter(tries, tried.failed, limits, runtime.random());
    if (runtime.now() - startedAt + pauseMs > limits.retryWithinMs) return tried;
    log?.debug(
      { tries, pauseMs: Math.round(pauseMs), problem: tried.failed.message },
      'request is sent again',
    );
    await unlessAborted(runtime.sleep(pauseMs, signal), signal);
  }
}

function pauseAfter(tries: number, error: ApiError, limits: HttpLimits, chance: number): number {
  const jitter = chance * Math.min(limits.maxPauseMs, limits.pauseMs * 2 ** (tries - 1));
  // What the API asked for is the least; the jitter comes on top, so that many clients don't return at once.
  return (error.retryAfterMs ?? 0) + jitter;
}
