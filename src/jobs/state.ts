import type { WorkKind } from '../sync/work.js';
import { countWorkers } from './follow.js';
import { KINDS } from './kinds.js';
import type { WorkQueue } from './payload.js';
import { type Queues, reach } from './queues.js';
import { connectionOf } from './schedules.js';

export interface QueueState {
  readonly kind: WorkKind;
  /** In all processes; null where the server doesn't tell. */
  readonly workers: number | null;
  /** Jobs by state; `delayed` holds the next job of each schedule too. */
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly schedules: readonly {
    readonly connection: string;
    readonly everyMs: number;
    /** Milliseconds since 1970; in the past while the run waits for a worker. */
    readonly nextRunAt: number;
  }[];
}

/** The state of each queue, for `status`. Throws `unavailable`. */
export async function queueState(queues: Queues): Promise<readonly QueueState[]> {
  return reach(queues, () => Promise.all(KINDS.map((kind) => stateOf(queues, kind))));
}

/** What is wrong with the queue's server, in a sentence with its cure; null when nothing is. Throws `unavailable`. */
export async function checkRedis(queues: Queues): Promise<string | null> {
  return reach(queues, () => queues.backend.problem());
}

/** Jobs by state; `delayed` holds the next job of each schedule too. */
export type QueueCounts = Readonly<Record<(typeof STATES)[number], number>>;

/** The jobs of each queue: all that a monitor asks again and again, and no more. Throws `unavailable`. */
export async function queueCounts(
  queues: Queues,
): Promise<readonly { readonly kind: WorkKind; readonly counts: QueueCounts }[]> {
  return reach(queues, () =>
    Promise.all(KINDS.map(async (kind) => ({ kind, counts: await countsOf(queues.queues[kind]) }))),
  );
}

async function countsOf(queue: WorkQueue): Promise<QueueCounts> {
  const counts = await queue.getJobCounts(...STATES);
  const [waiting = 0, active = 0, delayed = 0, failed = 0] = STATES.map((state) => counts[state]);
  return { waiting, active, delayed, failed };
}

const STATES = ['waiting', 'active', 'delayed', 'failed'] as const;

async function stateOf(queues: Queues, kind: WorkKind): Promise<QueueState> {
  const queue = queues.queues[kind];
  const [workers, counts, schedulers] = await Promise.all([
    countWorkers(queue),
    countsOf(queue),
    queue.getJobSchedulers(0, -1, true),
  ]);
  return {
    kind,
    workers,
    ...counts,
    schedules: schedulers.map((scheduler) => ({
      connection: connectionOf(scheduler.key),
      everyMs: scheduler.every ?? 0,
      nextRunAt: scheduler.next ?? 0,
    })),
  };
}
