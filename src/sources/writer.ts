import type { Columns, JsonObject, SingleAnswer } from './source.js';

/** One call that changes something at an API; made before it is sent, so that it can be saved first. */
export interface WriteCall {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** The task's members that are sent, without envelope; null for a DELETE. */
  readonly sent: JsonObject | null;
  readonly idempotencyKey: string | null;
}

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
   * Sends a call once. It is sent again only where the API said, or the connection shows, that nothing was done. `gone` answers a
   * DELETE, whether the task was there or not. On `signal` a call under way gets a short while to end, so that its outcome
   * is known. Throws ApiError, whose `definite` tells that nothing was done, and NeedsConsentError.
   */
  send(call: WriteCall, signal: AbortSignal): Promise<SingleAnswer>;
}
