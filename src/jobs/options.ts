/** Settings of BullMQ that are the same on both back ends. */

/** For work that no schedule repeats: nobody else comes to try again. */
export const RETRIES = { attempts: 5, backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 } } as const;

/** Scheduled jobs: the next tick is the retry, and what they did stands in `sync.runs`. */
export const SCHEDULED = {
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: { age: 7 * 86_400, count: 1_000 },
} as const;

/** Requests stay for a day, so that who follows one learns its end. */
export const REQUESTED = {
  ...RETRIES,
  removeOnComplete: { age: 86_400, count: 1_000 },
  removeOnFail: { age: 7 * 86_400, count: 1_000 },
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
