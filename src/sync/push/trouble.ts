import { isUnavailable } from '../../mirror/database.js';
import { asWorker, LeaseLostError } from '../../mirror/leases.js';
import { type PendingRow, refuse } from '../../mirror/pending.js';
import { ApiError, type ApiErrorKind, NeedsConsentError } from '../../sources/index.js';
import { putRowOff } from './put-off.js';
import type { Sender } from './sender.js';

/** The API has the task, but in a form that can't be mirrored: nothing is sent for it before that has changed. */
export class UnreadableTaskError extends Error {
  override readonly name = 'UnreadableTaskError';
}

/** How many rows have failed in a row by the API's fault: then the API, not the row, is in trouble. */
export interface Troubles {
  met(): boolean;
  over(): void;
}

const TOO_MANY = 5;

export function createTroubles(): Troubles {
  let inARow = 0;
  return {
    met: () => ++inARow >= TOO_MANY,
    over: () => {
      inARow = 0;
    },
  };
}

/** What stops the connection rather than the row: a person must do something first. */
const ABOUT_THE_ACCOUNT: ReadonlySet<ApiErrorKind> = new Set(['unauthorized', 'payment', 'forbidden']);
/** What the passing of time may heal. */
const MAY_HEAL: ReadonlySet<ApiErrorKind> = new Set([
  'rate-limited',
  'conflict',
  'server',
  'network',
  'timeout',
  'unreadable',
]);
/** A conflict that stays so long is no passing one. */
const MOST_CONFLICTS = 6;

/**
 * Decides what an error means for a row of which nothing was sent, or whose write was refused: put off, refused, or (thrown
 * on) the end of the run.
 */
export async function meet(sender: Sender, row: PendingRow, error: unknown): Promise<void> {
  const { context, source, lease, connection, troubles } = sender;
  if (endsTheRun(error, sender.signal)) throw error;
  if (!(error instanceof ApiError)) {
    // The database refuses what the row is to hold, say: that is this row's matter, and stays visible there.
    const reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof UnreadableTaskError))
      context.log.warn({ connection, row: row.rowId, reason }, 'a row can not be sent');
    const afterMs = backoff(row.attempts, context.runtime.random());
    return putRowOff(sender, row, { reason, afterMs });
  }
  const staying = error.kind === 'conflict' && row.attempts >= MOST_CONFLICTS;
  if (!MAY_HEAL.has(error.kind) || staying) {
    troubles.over();
    const words = error.words || error.message;
    const refused = await asWorker(context.db, lease, (tx) => refuse(tx, source, row, words));
    if (refused) sender.count({ failed: 1 });
    else sender.left();
    return;
  }
  const afterMs = Math.max(error.retryAfterMs ?? 0, backoff(row.attempts, context.runtime.random()));
  await putRowOff(sender, row, { reason: error.message, afterMs });
  if (troubles.met()) throw error;
}

/** What is no matter of the row's: the other rows would meet it too. */
function endsTheRun(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || isUnavailable(error)) return true;
  if (error instanceof LeaseLostError || error instanceof NeedsConsentError) return true;
  return error instanceof ApiError && ABOUT_THE_ACCOUNT.has(error.kind);
}

/** 1 s, 2 s, 4 s … 5 min, each between half and whole. */
function backoff(attempts: number, chance: number): number {
  return Math.min(1000 * 2 ** Math.min(attempts, 20), 300_000) * (0.5 + chance / 2);
}
