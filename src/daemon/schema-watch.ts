import type { Logger } from 'pino';
import type { TaskmirrorError } from '../errors.js';
import type { Database } from '../mirror/database.js';
import { findNewerSchema } from '../mirror/schema-version.js';
import type { Runtime } from '../runtime.js';
import type { Perform } from '../sync/work.js';

export interface SchemaWatch {
  /** Begins no work once the database is a newer program's; it is left to workers of that. */
  guard(perform: Perform): Perform;
  /** Resolves when the signal has aborted. */
  readonly ended: Promise<void>;
}

/**
 * Sees whether a newer program migrates the database under this one: before each job, and every few seconds while none comes. Tells it
 * once. A run that is under way commits what it has in hand and stops with the worker.
 */
export function watchSchema(
  { db, runtime, log }: { readonly db: Database; readonly runtime: Runtime; readonly log: Logger },
  tell: (newer: TaskmirrorError) => void,
  signal: AbortSignal,
): SchemaWatch {
  let newer: TaskmirrorError | null = null;
  const look = async (): Promise<boolean> => {
    if (newer !== null) return true;
    const found = await findNewerSchema(db);
    if (found === null || newer !== null) return newer !== null;
    newer = found;
    log.fatal(found.message);
    tell(found);
    return true;
  };
  const keep = async (): Promise<void> => {
    while (!signal.aborted && newer === null) {
      await runtime.sleep(LOOK_MS, signal).catch(() => {});
      // A database that can't be reached is told of by others.
      if (!signal.aborted) await look().catch(() => {});
    }
  };
  return {
    guard: (perform) => async (work, aborted, onProgress) =>
      (await look()) ? { state: 'elsewhere' } : perform(work, aborted, onProgress),
    ended: keep(),
  };
}

const LOOK_MS = 5_000;
