import { z } from 'zod';
import type { WorkKind, WorkProgress } from '../sync/work.js';
import { parseJobData, type WorkJob } from './payload.js';
import { type Queues, reach } from './queues.js';

/** How a followed request stands. All but `waiting`, `running` and `unreachable` are its end. */
export type ResyncState =
  /** `workers`: how many are attached to its queue, in all processes; null where the server doesn't tell. */
  | { readonly state: 'waiting'; readonly progress: WorkProgress | null; readonly workers: number | null }
  | { readonly state: 'running'; readonly progress: WorkProgress | null }
  /** The queue's server is gone for now. */
  | { readonly state: 'unreachable'; readonly error: string }
  | { readonly state: 'ok'; readonly progress: WorkProgress | null; readonly runId: string }
  /** There was nothing to do: the connection is paused or gone, for example. */
  | { readonly state: 'skipped'; readonly reason: string }
  | {
      readonly state: 'failed' | 'stopped' | 'interrupted';
      readonly progress: WorkProgress | null;
      readonly runId: string | null;
      readonly error: string;
    }
  /** The job is no longer in the queue, which was flushed or cleaned. */
  | { readonly state: 'vanished' };

/**
 * Tells how a request stands, again and again (twice a second) until its end, which comes last. Stops with the signal's
 * reason when it aborts.
 */
export async function* followResync(
  queues: Queues,
  { kind, jobId }: { readonly kind: WorkKind; readonly jobId: string },
  signal: AbortSignal,
): AsyncGenerator<ResyncState, void, undefined> {
  for (;;) {
    const state = await look(queues, kind, jobId);
    yield state;
    if (!PENDING.has(state.state)) return;
    await queues.runtime.sleep(EVERY_MS, signal);
  }
}

async function look(queues: Queues, kind: WorkKind, jobId: string): Promise<ResyncState> {
  const queue = queues.queues[kind];
  try {
    return await reach(queues, async () => {
      const job = await queue.getJob(jobId);
      const place = job && (await job.getState());
      if (!job || place === 'unknown') return { state: 'vanished' };
      const progress = progressOf(job);
      if (place === 'active') return { state: 'running', progress };
      if (place !== 'completed' && place !== 'failed') {
        return { state: 'waiting', progress, workers: await countWorkers(queue) };
      }
      // It may have ended since it was read.
      return endOf((await queue.getJob(jobId)) ?? job);
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'unavailable') {
      return { state: 'unreachable', error: error.message };
    }
    throw error;
  }
}

function endOf(job: WorkJob): ResyncState {
  const progress = progressOf(job);
  const result = job.returnvalue;
  if (result?.state === 'done') return { state: 'ok', progress, runId: result.runId };
  if (result?.state === 'dropped') return { state: 'skipped', reason: result.reason };
  const ended = parseJobData(job.data).ended;
  const error = job.failedReason || 'it failed without saying why';
  return { state: ended?.outcome ?? 'failed', progress, runId: ended?.runId ?? null, error };
}

function progressOf(job: WorkJob): WorkProgress | null {
  return progressShape.safeParse(job.progress).data ?? null;
}

/** Null where a hosted Redis doesn't let its clients be listed; BullMQ then counts one that isn't there. */
export async function countWorkers(queue: {
  getWorkers(): Promise<readonly { name?: string }[]>;
}): Promise<number | null> {
  const workers = await queue.getWorkers();
  return workers.some((worker) => worker.name === 'GCP does not support client list') ? null : workers.length;
}

const progressShape = z.object({ pages: z.number(), rows: z.number(), total: z.number().nullable() });
const PENDING: ReadonlySet<ResyncState['state']> = new Set(['waiting', 'running', 'unreachable']);
const EVERY_MS = 500;
