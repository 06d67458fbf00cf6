import { usualLimits } from './http/limits.js';
import type { Columns, JsonObject, SingleAnswer } from './source.js';

/** One call that changes something at an API; made before it is sent, so that it can be saved first. */
export interface WriteCall {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** The task's members that are sent, without envelope; null for a DELETE. */
  readonly sent: JsonObject | null;
  readonly idempotencyKey: string | null;
}

/**
 * Nothing of a call is under way any more so long after its intent was saved, in milliseconds: it begins within 15 s or not at
 * all, and is given up after 30 s. The API may still be at work on it.
 */
export const LONGEST_WRITE_MS = usualLimits.startWithinMs + usualLimits.totalMs;

/** The answer to a write, and its HTTP status. */
export type Written = SingleAnswer & { readonly status: number };

/** Writes one account's tasks, one call at a time for a task. */
export interface SourceWriter {
  /**
   * The call that makes this task anew: every writable field that differs from what the API fills in by itself (`absent`).
   * Never `vis_state`.
   */
  create(columns: Columns, idempotencyKey: string): WriteCall;
  /**
   * The next call that brings the task to these columns: only `pending` fields, one phase a call. A restore goes before data, a
   * delete or an archive after it; where a delete is for good it goes at once. Null when there is nothing to send.
   */
  next(id: number, columns: Columns, pending: readonly string[]): WriteCall | null;
  /**
   * Sends a call once. It is sent again, within seconds, only where the answer, or that no connection came about, shows that
   * nothing was done; and with an idempotency key after no answer, since the key is spent then. `gone` answers a DELETE, whether
   * the task was there or not; the answer to any other is that task, perhaps in a form that can't be read.
   * On `signal` a call under way has 10 s left, so that its outcome is known; what has not begun rejects with the signal's reason.
   * Throws ApiError, whose `definite` tells whether nothing was done (no token is such an error too), and NeedsConsentError.
   * Any error but an ApiError means that nothing was done.
   * `savingMs`: how long ago its intent began to be saved; that counts toward the time within which it begins.
   */
  send(call: WriteCall, signal: AbortSignal, savingMs?: number): Promise<Written>;
}
