import { AsyncLocalStorage } from 'node:async_hooks';

/** One piece of a worker's work, from the asking to its end. */
export interface Job {
  readonly what: string;
  /** Whether the brake on deletions in the mirror holds it: it reads lists, and nobody forced it. */
  readonly braked: boolean;
}

const running = new AsyncLocalStorage<Job>();

/** What is done in there, and whatever it sets off, belongs to this job. */
export const inJob = <Result>(job: Job, work: () => Result): Result => running.run(job, work);

/** The job to which the running code belongs. */
export const jobNow = (): Job | null => running.getStore() ?? null;
