import type { Logger } from 'pino';
import type { Queues } from '../jobs/queues.js';
import { enqueuePush, enqueueScanned } from '../jobs/requests.js';
import { crossOver } from '../links/cross-over.js';
import type { Database } from '../mirror/database.js';
import { listenForEdits } from '../mirror/edits.js';
import { anyLinks } from '../mirror/linker.js';
import { connectionsWithPending } from '../mirror/pending.js';
import type { Runtime } from '../runtime.js';
import { sources } from '../sources/index.js';
import { patiently } from './wait-for-database.js';

export interface EditWatch {
  readonly db: Database;
  /** Leads to PostgreSQL itself, not through a pooler. */
  readonly directUrl: string;
  readonly queues: Queues;
  readonly runtime: Runtime;
  readonly log: Logger;
  mine(connection: string): boolean;
  /** How often edits that woke nobody are looked for: the safety net under NOTIFY, which is lost while the listening connection is. */
  readonly scanEveryMs: number;
}

/** Wakes the push as soon as a local edit is committed. What this misses, a scan every `scanEveryMs` finds. */
export async function watchEdits(watch: EditWatch, signal: AbortSignal): Promise<() => Promise<void>> {
  const { db, directUrl, queues, log, mine } = watch;
  let asked = false;
  let working: Promise<void> | null = null;

  const findPending = async (): Promise<readonly string[]> =>
    (await Promise.all(Object.values(sources).map((source) => connectionsWithPending(db, source)))).flat();
  const enqueue = async (): Promise<void> => {
    while (asked && !signal.aborted) {
      // Many commits in a moment are looked at once.
      asked = false;
      const [linked, found] = await Promise.all([anyLinks(db), findPending()]);
      let pending = found;
      if (linked) {
        await crossOver({ db, log }, signal);
        pending = await findPending();
      }
      for (const connection of pending) if (mine(connection)) await enqueuePush(queues, connection);
    }
  };
  const wake = (): void => {
    asked = true;
    working ??= enqueue()
      .catch((error: unknown) => {
        if (!signal.aborted)
          log.warn({ err: error }, 'Local edits could not be queued; a scan takes them up.');
      })
      .finally(() => {
        working = null;
        if (asked && !signal.aborted) wake();
      });
  };

  const scanning = keepScanning(watch, findPending, signal);
  const listening = await patiently(watch, directUrl, signal, () => listenForEdits(directUrl, wake));
  return async () => {
    await listening.close();
    await Promise.all([working, scanning]);
  };
}

/** One look for all accounts, not a schedule for each: a job is made only where something waits. */
async function keepScanning(
  { queues, runtime, log, mine, scanEveryMs }: EditWatch,
  findPending: () => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await runtime.sleep(scanEveryMs, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      for (const connection of await findPending()) {
        if (signal.aborted) return;
        if (mine(connection)) await enqueueScanned(queues, connection, scanEveryMs);
      }
    } catch (error) {
      if (!signal.aborted)
        log.warn({ err: error }, 'Local edits could not be looked for; the next scan does.');
    }
  }
}
