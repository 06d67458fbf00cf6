import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import type { Perform, Work, WorkKind, WorkResult } from '../sync/work.js';
import { SCHEDULED } from './options.js';
import { type JobData, type JobResult, parseJobData, type WorkJob } from './payload.js';
import { reportProgress } from './progress.js';
import type { Queues } from './queues.js';
import { reasonOf } from './reports.js';

/** A job as its worker holds it. */
export interface Held {
  readonly queues: Queues;
  readonly kind: WorkKind;
  readonly job: WorkJob;
  readonly token: string;
  /** Aborts when the worker stops or loses the job. */
  readonly signal: AbortSignal;
  /** Aborts when the worker stops. */
  readonly stop: AbortSignal;
}

/**
 * Does a job's work, and then what the result asks for: complete it, fail it, or put it back into the queue. A job that
 * is put back keeps its id, its progress and its attempts; BullMQ is told so by an error.
 */
export async function handleJob(held: Held, perform: Perform): Promise<JobResult> {
  const { job, token, signal, stop } = held;
  if (stop.aborted) return putBackNow(held);
  const data = parseOrFail(job);
  // From here on an equal request must not be taken for this one. See `requestResync`.
  if (data.request) await job.removeDeduplicationKey();

  const progress = reportProgress(held, data);
  let result: WorkResult;
  try {
    result = await perform(workOf(held.kind, data), signal, progress.report);
  } catch (error) {
    if (stop.aborted) return putBackNow(held);
    held.queues.log.warn({ err: error, kind: held.kind, connection: data.connection }, 'A job met a fault.');
    throw new Error(reasonOf(error));
  } finally {
    await progress.finish();
  }

  switch (result.state) {
    case 'done':
      return finish(held, data, result);
    case 'continue':
      if (!data.begun) await job.updateData({ ...data, begun: true });
      await held.queues.backend.moveToBack(job, token);
      throw new WaitingError();
    case 'busy':
      // A scheduled run that meets another is not needed; a request may ask for more than the other does. And a walk that was taken over
      // from a worker that died may meet the lease of that one, which ends by itself: dropped, it would wait for the next look at all.
      if (data.request || (held.kind === 'walk' && job.stalledCounter > 0))
        return postpone(held, tryAgainMs(result.retryAfterMs));
      // And what woke a push may have come too late for the one under way. While that one works, each edit wakes another.
      if (held.kind === 'push' && data.everyMs === undefined)
        await comeBack(held, data, tryAgainMs(result.retryAfterMs), BUSY_SLOT_MS);
      return { state: 'dropped', reason: 'another run is under way' };
    case 'later':
      // A schedule comes back by itself.
      if (data.everyMs === undefined) await comeBack(held, data, result.afterMs);
      return { state: 'dropped', reason: 'there is nothing to do yet' };
    case 'skipped':
      return { state: 'dropped', reason: result.reason };
    case 'elsewhere':
      return handOver(held, data, 'no worker that took it holds the secret of the connection');
  }
}

/**
 * Asks for the same work at a later time, by a job of its own: this one ends, so that what comes up until then is not taken
 * for it and made to wait. All that ask for about the same time share one job, which is due when its slot is over: it can't have begun
 * before any of them asked.
 */
async function comeBack(
  { queues, kind }: Held,
  { connection }: JobData,
  afterMs: number,
  slotMs = SLOT_MS,
): Promise<void> {
  if (afterMs > LONGEST_DELAY_MS) return;
  const now = queues.runtime.now();
  const due = (Math.floor((now + afterMs) / slotMs) + 1) * slotMs;
  const jobId = `later-${encodeURIComponent(connection)}-${due}`;
  await queues.queues[kind].add(kind, { connection }, { ...SCHEDULED, jobId, delay: due - now });
}

async function finish(
  held: Held,
  data: JobData,
  result: Extract<WorkResult, { state: 'done' }>,
): Promise<JobResult> {
  const { outcome, runId, error } = result;
  if (outcome === 'ok') return { state: 'done', runId };
  if (outcome === 'interrupted') {
    if (held.stop.aborted) return putBackNow(held);
    // The run lost its lease: somebody else does the scheduled work, but perhaps not what was asked for.
    if (!data.request) return { state: 'dropped', reason: 'another run took over' };
    return handOver(held, data, error ?? 'its run was interrupted again and again', { outcome, runId });
  }
  return fail(held, data, error ?? `the run ${runId} ${outcome}`, { outcome, runId });
}

/** The worker stops: another one, or this one after its restart, begins with this job. */
async function putBackNow({ job, token }: Held): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

async function postpone({ job, token, queues }: Held, delay: number): Promise<never> {
  const jitter = 0.5 + queues.runtime.random();
  await job.moveToDelayed(queues.runtime.now() + Math.round(delay * jitter), token);
  throw new DelayedError();
}

/**
 * Leaves the job to other workers, later and later, and not for ever. A delayed job would come back to the worker that
 * delayed it, since only that one knows when it is due. So this worker holds it, puts it back, and keeps still for the
 * moment that another one needs to take it.
 */
async function handOver(
  held: Held,
  data: JobData,
  reason: string,
  ended: NonNullable<JobData['ended']> = { outcome: 'failed', runId: null },
): Promise<JobResult> {
  const { queues, job, token, stop } = held;
  const handed = (data.handed ?? 0) + 1;
  if (handed > HANDED_LIMIT || isSuperseded(held, data)) {
    queues.log.warn({ connection: data.connection, kind: held.kind }, `A job was given up: ${reason}.`);
    return fail(held, data, reason, ended);
  }
  await job.updateData({ ...data, handed });
  await queues.runtime.sleep(holdMs(handed, queues.runtime.random()), stop).catch(() => {});
  await queues.backend.moveToBack(job, token);
  await queues.runtime.sleep(LET_GO_MS, stop).catch(() => {});
  throw new WaitingError();
}

/** Nothing the first two times, then 50 ms, doubling up to 2 s; give or take a half. */
function holdMs(handed: number, chance: number): number {
  return handed < 3 ? 0 : Math.min(50 * 2 ** (handed - 3), 2_000) * (0.5 + chance);
}

/** The schedule's next job is there and does what this one would. */
function isSuperseded({ job, queues }: Held, { everyMs }: JobData): boolean {
  // BullMQ makes a schedule's job one interval before it is due.
  return everyMs !== undefined && queues.runtime.now() > job.timestamp + 2 * everyMs;
}

/** Fails the job for good: a schedule's next tick is the retry, and a person decides about a request. */
async function fail(
  { job }: Held,
  data: JobData,
  reason: string,
  ended: NonNullable<JobData['ended']>,
): Promise<never> {
  if (data.request) await job.updateData({ ...data, ended });
  throw new UnrecoverableError(reason);
}

function parseOrFail(job: WorkJob): JobData {
  try {
    return parseJobData(job.data);
  } catch (error) {
    throw new UnrecoverableError(error instanceof Error ? error.message : String(error));
  }
}

function workOf(kind: WorkKind, { connection, request, begun }: JobData): Work {
  return { kind, connection, ...(request && { request }), ...(begun && { continued: true }) };
}

const LET_GO_MS = 100;
/** About 30 s in all. */
const HANDED_LIMIT = 22;

/** What is due later than this is left to the schedule. */
const LONGEST_DELAY_MS = 30_000;
/** BullMQ's delays are no finer. */
const SLOT_MS = 200;
/** However many edits meet a push under way, one job for each second waits until it is over. */
const BUSY_SLOT_MS = 1_000;

/** When to try a connection again that another run holds. */
const tryAgainMs = (retryAfterMs: number): number => Math.min(Math.max(retryAfterMs, 200), 5_000);
