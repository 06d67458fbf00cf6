import type { Runtime } from '../../runtime.js';
import type { SourceLog } from '../account.js';
import { unlessAborted } from './abort.js';
import { ApiError, type ApiErrorKind } from './errors.js';
import type { HttpLimits } from './limits.js';

/** What may be different the next time, for a request that changes nothing. */
const MAY_HEAL: ReadonlySet<ApiErrorKind> = new Set<ApiErrorKind>([
  'network',
  'timeout',
  'server',
  'unreadable',
  'rate-limited',
  'conflict',
]);

/**
 * Runs `attempt` again after failures that may heal, with full jitter, bounded in count and in time. Never to be used for
 * a request that may have changed something.
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  limits: HttpLimits,
  runtime: Runtime,
  signal: AbortSignal,
  log?: SourceLog,
): Promise<T> {
  const startedAt = runtime.now();
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ApiError) || !MAY_HEAL.has(error.kind) || tries >= limits.attempts) throw error;
      const pauseMs = pauseAfter(tries, error, limits, runtime.random());
      if (runtime.now() - startedAt + pauseMs > limits.retryWithinMs) throw error;
      log?.debug(
        { tries, pauseMs: Math.round(pauseMs), problem: error.message },
        'request will be sent again',
      );
      await unlessAborted(runtime.sleep(pauseMs, signal), signal);
    }
  }
}

function pauseAfter(tries: number, error: ApiError, limits: HttpLimits, chance: number): number {
  const jitter = chance * Math.min(limits.maxPauseMs, limits.pauseMs * 2 ** (tries - 1));
  // What the API asked for is the least; the jitter comes on top, so that many clients don't return at once.
  return (error.retryAfterMs ?? 0) + jitter;
}
