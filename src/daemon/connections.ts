import type { Logger } from 'pino';
import type { Queues } from '../jobs/queues.js';
import { enqueueNow, enqueuePush } from '../jobs/requests.js';
import { findConnection } from '../mirror/connections.js';
import type { Database } from '../mirror/database.js';
import { listenForConnections } from '../mirror/notices.js';
import type { Runtime } from '../runtime.js';
import { patiently } from './wait-for-database.js';

export interface ConnectionWatch {
  readonly db: Database;
  /** Leads to PostgreSQL itself, not through a pooler. */
  readonly directUrl: string;
  readonly queues: Queues;
  readonly runtime: Runtime;
  readonly log: Logger;
  mine(connection: string): boolean;
  refresh(): Promise<void>;
  /** Brings the schedules up to date. */
  wake(): void;
}

/**
 * Takes up what a command has changed of the connections as soon as it is committed, and has the one that was named read and sent
 * at once. What this misses, the schedules' own look finds.
 */
export async function watchConnections(
  watch: ConnectionWatch,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const { db, directUrl, queues, log, mine, refresh, wake } = watch;
  const named = new Set<string>();
  let working: Promise<void> | null = null;

  const work = async (): Promise<void> => {
    while (named.size > 0 && !signal.aborted) {
      const names = [...named];
      named.clear();
      await refresh();
      wake();
      for (const name of names) {
        const connection = name === '' ? null : await findConnection(db, name);
        if (connection === null || connection.paused || !mine(name)) continue;
        // One that was never read is read by the schedules' look.
        if (connection.cursor !== null) await enqueueNow(queues, 'poll', name);
        await enqueuePush(queues, name);
      }
    }
  };
  const onChange = (name: string): void => {
    named.add(name);
    working ??= work()
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error }, 'A changed connection is taken up within a minute.');
      })
      .finally(() => {
        working = null;
        if (named.size > 0 && !signal.aborted) onChange('');
      });
  };

  const listening = await patiently(watch, directUrl, signal, () =>
    listenForConnections(directUrl, onChange),
  );
  return async () => {
    await listening.close();
    await working;
  };
}
