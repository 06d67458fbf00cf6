/** Settings of BullMQ that are the same on both back ends. */

/** For work that no schedule repeats: nobody else comes to try again. */
export const RETRIES = { attempts: 5, backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 } } as const;

/** How many seconds a finished job stays, so that who follows one learns its end, and a person can look at what failed. */
export const FINISHED = { completed: 86_400, failed: 7 * 86_400 } as const;

/** Scheduled jobs: the next tick is the retry, and what they did stands in `sync.runs`. */
export const SCHEDULED = {
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: { age: FINISHED.failed, count: 1_000 },
} as const;

export const REQUESTED = {
  ...RETRIES,
  removeOnComplete: { age: FINISHED.completed, count: 1_000 },
  removeOnFail: { age: FINISHED.failed, count: 1_000 },
} as const;

/** Nobody reads the event stream; it only needs to stay small. */
export const QUEUE_SETTINGS = { streams: { events: { maxLen: 1_000 } } } as const;

export const WORKER_SETTINGS = {
  autorun: false,
  // A long walk is one job through all its slices and may live through several crashes; a job that kills its process
  // each time ends here.
  maxStalledCount: 5,
  runRetryDelay: 2_000,
} as const;
