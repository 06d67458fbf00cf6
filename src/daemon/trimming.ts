import type { Logger } from 'pino';
import { trimFinished } from '../jobs/finished.js';
import type { Queues } from '../jobs/queues.js';
import type { Database } from '../mirror/database.js';
import { type Keep, trim } from '../mirror/retention.js';
import type { Runtime } from '../runtime.js';
import { sources } from '../sources/index.js';

export interface Trimming {
  readonly db: Database;
  readonly queues: Queues;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly keep: Keep;
  readonly everyMs: number;
}

/**
 * Trims the journals and the finished jobs at once and then every `everyMs`, until the signal aborts. In each worker, rather than as a
 * job: it needs no account, goes on while the queue is lost, and a lock in the database sees to it that one does it at a time.
 */
export async function keepTrimmed(trimming: Trimming, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await attempt(trimming, signal);
    await trimming.runtime.sleep(trimming.everyMs, signal).catch(() => {});
  }
}

async function attempt({ db, queues, log, keep }: Trimming, signal: AbortSignal): Promise<void> {
  try {
    const trimmed = await trim(db, Object.values(sources), keep, signal);
    const jobs = await trimFinished(queues);
    const counts = { ...trimmed, jobs };
    if (Object.values(counts).some((count) => count > 0))
      log.info(counts, 'what was kept long enough is gone');
  } catch (error) {
    // The next round is the retry; what is lost meanwhile is told by others.
    if (!signal.aborted) log.debug({ err: error }, 'The journals could not be trimmed; trying again later.');
  }
}
