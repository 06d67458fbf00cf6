import type { Job, Queue, Worker, WorkerListener } from 'bullmq';
import { z } from 'zod';
import { TaskmirrorError } from '../errors.js';
import type { ResyncRequest } from '../sync/work.js';

/**
 * What a job carries: names and numbers, never a secret or a row. It is read back from a store that others can write,
 * so it is parsed.
 */
export interface JobData {
  readonly connection: string;
  /** The interval of its schedule in milliseconds; absent for what was asked for. */
  readonly everyMs?: number;
  readonly request?: ResyncRequest;
  /** An earlier slice of this job has done work. */
  readonly begun?: true;
  /** How often the job was put back: by workers without the secret, or because its run lost its lease. */
  readonly handed?: number;
  /** How a request ended that did not end well; a failed job has no return value. */
  readonly ended?: { readonly outcome: 'failed' | 'stopped' | 'interrupted'; readonly runId: string | null };
}

/** What a completed job returns. `dropped`: there was nothing to do, or somebody else does it. */
export type JobResult =
  | { readonly state: 'done'; readonly runId: string }
  | { readonly state: 'dropped'; readonly reason: string };

/** The part of BullMQ's classes that we use, the same on both back ends. */
export type WorkJob = Job<JobData, JobResult>;
export type WorkWorker = Pick<
  Worker<JobData, JobResult>,
  'run' | 'close' | 'disconnect' | 'cancelJob' | 'waitUntilReady'
> & {
  on<E extends 'stalled' | 'lockRenewalFailed' | 'failed'>(
    event: E,
    listener: WorkerListener<JobData, JobResult>[E],
  ): unknown;
};
export type WorkQueue = Pick<
  Queue<JobData, JobResult>,
  | 'add'
  | 'clean'
  | 'close'
  | 'getDelayed'
  | 'getFailed'
  | 'getJob'
  | 'getJobCounts'
  | 'getJobSchedulers'
  | 'getWorkers'
  | 'removeJobScheduler'
  | 'upsertJobScheduler'
  | 'waitUntilReady'
>;

export function parseJobData(data: unknown): JobData {
  const parsed = jobData.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new TaskmirrorError('failed', `A job that is none of ours: ${z.prettifyError(parsed.error)}`);
}

/** The same for requests that ask for the same thing, and only for those. */
export function contentOf(connection: string, request: Omit<ResyncRequest, 'id'>): string {
  return JSON.stringify([connection, request.full, request.since, request.force]);
}

const jobData = z.object({
  connection: z.string(),
  everyMs: z.number().exactOptional(),
  request: z
    .object({ id: z.string(), full: z.boolean(), since: z.number().nullable(), force: z.boolean() })
    .exactOptional(),
  begun: z.literal(true).exactOptional(),
  handed: z.number().exactOptional(),
  ended: z
    .object({ outcome: z.enum(['failed', 'stopped', 'interrupted']), runId: z.string().nullable() })
    .exactOptional(),
}) satisfies z.ZodType<JobData>;
