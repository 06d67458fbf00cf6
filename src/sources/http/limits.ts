/** Bounds of a request, in milliseconds and bytes. */
export interface HttpLimits {
  readonly connectMs: number;
  /** From the request's last byte to the answer's first. */
  readonly headersMs: number;
  /** Between two pieces of an answer. */
  readonly bodyMs: number;
  /** One request from beginning to end. */
  readonly totalMs: number;
  readonly maxBytes: number;
  /** How often a read is sent at most, the first time included. */
  readonly attempts: number;
  /** No retry begins later than this after the first attempt. */
  readonly retryWithinMs: number;
  /** No write begins later than this after it was asked for, retries included: its intent was saved then. */
  readonly startWithinMs: number;
  /** How long a write under way may go on when its caller gives up. */
  readonly graceMs: number;
  /** Full jitter: a pause is uniform between 0 and `pauseMs` × 2^n, and at most `maxPauseMs`. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
}

export const usualLimits: HttpLimits = {
  connectMs: 10_000,
  headersMs: 25_000,
  bodyMs: 15_000,
  totalMs: 30_000,
  maxBytes: 64 * 1024 * 1024,
  attempts: 5,
  retryWithinMs: 60_000,
  startWithinMs: 15_000,
  graceMs: 10_000,
  pauseMs: 500,
  maxPauseMs: 15_000,
};
