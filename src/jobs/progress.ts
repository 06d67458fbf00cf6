import type { WorkProgress } from '../sync/work.js';
import type { Held } from './handle.js';
import type { JobData } from './payload.js';

/**
 * Writes a request's progress into its job, where `followResync` reads it: at once, then at most twice a second, and at
 * the end. Nobody follows scheduled work, so it writes nothing. That it can't be written is no reason to stop.
 */
export function reportProgress(held: Held, data: JobData) {
  const { runtime, log } = held.queues;
  let latest: WorkProgress | null = null;
  let written: WorkProgress | null = null;
  let nextAt = 0;
  let writing = Promise.resolve();

  const write = () => {
    if (latest === null || latest === written) return;
    written = latest;
    nextAt = runtime.now() + EVERY_MS;
    const progress = { ...latest };
    writing = writing
      .then(() => held.job.updateProgress(progress))
      .catch((error) => log.debug({ err: error, job: held.job.id }, 'A progress could not be written.'));
  };
  return {
    report: (progress: WorkProgress): void => {
      latest = progress;
      if (data.request && runtime.now() >= nextAt) write();
    },
    finish: async (): Promise<void> => {
      if (data.request) write();
      await writing;
    },
  };
}

const EVERY_MS = 500;
