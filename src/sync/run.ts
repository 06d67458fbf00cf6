import { setMaxListeners } from 'node:events';
import type { Counts } from '../mirror/counts.js';
import { isUnavailable } from '../mirror/database.js';
import { LEASE_SECONDS, type Lease, LeaseLostError, renewLease } from '../mirror/leases.js';
import { pausedSince } from '../mirror/pause.js';
import { finishRun, type RunEnd } from '../mirror/runs.js';
import { ApiError, NeedsConsentError } from '../sources/index.js';
import type { SyncContext } from './context.js';

export type RunLog = Pick<RunEnd, 'outcome' | 'error'>;

/** The connection can't go on before a person has done something; `message` says what. */
export class PersonNeededError extends Error {
  override readonly name = 'PersonNeededError';
}

/** A person paused the connection while it was at work. */
class PausedError extends Error {
  override readonly name = 'PausedError';
}

/**
 * Does a run's work under its lease, which is renewed meanwhile, and ends the run with what came of it. `work` gets a signal that
 * aborts when the process is to stop, the lease is lost or the connection is paused, and gives null when it only pauses between two slices.
 * `counts` gives what was done when the work throws. Throws only when the database can't be reached.
 */
export async function runUnderLease(
  context: SyncContext,
  lease: Lease,
  kind: string,
  signal: AbortSignal,
  counts: () => Counts,
  work: (signal: AbortSignal) => Promise<RunEnd | null>,
): Promise<RunLog | null> {
  const lost = new AbortController();
  const over = new AbortController();
  const heartbeat = Promise.all([
    keepAlive(context, lease, over.signal, lost),
    watchPause(context, lease, over.signal, lost),
  ]);
  const began = context.runtime.now();
  try {
    const either = AbortSignal.any([signal, lost.signal]);
    // Each request under way listens, and a batch of them waits for its turn.
    setMaxListeners(0, either);
    const result = await work(either).catch((error: unknown) =>
      failure(error, reasonToStop(error, signal, lost.signal), counts()),
    );
    if (result === null) return null;
    const totals = await finishRun(context.db, lease, result);
    const { outcome, error }: RunLog = totals
      ? result
      : { outcome: 'interrupted', error: 'its lease was lost' };
    const ms = Math.round(context.runtime.now() - began);
    const line = {
      connection: lease.connection,
      kind,
      run: lease.runId,
      outcome,
      ...totals,
      ms,
      ...(error && { error }),
    };
    context.onRun?.({ kind, outcome, counts: totals });
    const level = outcome === 'ok' || outcome === 'interrupted' ? 'info' : 'warn';
    context.log[level](line, `${kind} ${outcome}`);
    return { outcome, error };
  } finally {
    over.abort();
    await heartbeat;
  }
}

async function keepAlive(
  { db, runtime }: SyncContext,
  lease: Lease,
  over: AbortSignal,
  lost: AbortController,
): Promise<void> {
  while (!over.aborted) {
    await runtime.sleep((LEASE_SECONDS * 1000) / 3, over).catch(() => {});
    if (over.aborted) return;
    // A database that can't be reached now may be there at the next beat; every commit checks the lease anyway.
    const kept = await renewLease(db, lease).catch(() => true);
    if (!kept) lost.abort(new LeaseLostError(`the lease on ${lease.connection}'s ${lease.kind} was lost`));
  }
}

/** Who pauses a connection wants its traffic to end now, not at the lease's next beat. */
async function watchPause(
  { db, runtime }: SyncContext,
  { connection }: Lease,
  over: AbortSignal,
  paused: AbortController,
): Promise<void> {
  while (!over.aborted) {
    await runtime.sleep(PAUSE_LOOK_MS, over).catch(() => {});
    if (over.aborted) return;
    const since = await pausedSince(db, connection).catch(() => null);
    if (since !== null) return paused.abort(new PausedError());
  }
}

const PAUSE_LOOK_MS = 1_000;

/** Why the run was told to stop; null where it failed by itself. */
function reasonToStop(error: unknown, stop: AbortSignal, lost: AbortSignal): string | null {
  if (stop.aborted) return 'the worker was stopped';
  if (lost.reason instanceof PausedError) return 'the connection was paused';
  return lost.aborted || error instanceof LeaseLostError ? 'its lease was lost' : null;
}

function failure(error: unknown, stopped: string | null, counts: Counts): RunEnd {
  const result = { counts, cursor: null, pulled: false };
  if (isUnavailable(error)) throw error;
  if (stopped !== null) return { ...result, outcome: 'interrupted', error: stopped };
  const message = error instanceof Error ? error.message : String(error);
  const failed = { ...result, outcome: 'failed' as const, error: message };
  return needsPerson(error) ? { ...failed, problem: message } : failed;
}

/** What the passing of time does not heal. */
function needsPerson(error: unknown): boolean {
  if (error instanceof PersonNeededError || error instanceof NeedsConsentError) return true;
  return error instanceof ApiError && ['unauthorized', 'payment', 'forbidden'].includes(error.kind);
}
