import { type Database, databaseNow } from '../../mirror/database.js';
import type { SourceDeps } from '../../sources/index.js';
import type { Cli } from '../cli.js';

/** For a request or two that a person waits for: no patience with an API that does not answer. */
export function sourceDeps(cli: Cli, db: Database | null): SourceDeps {
  const { runtime } = cli;
  return {
    runtime,
    observe: () => (db === null ? Promise.resolve(0) : databaseNow(db)),
    share: 'once',
    limits: { attempts: 2, pauseMs: 200, retryWithinMs: 5_000, totalMs: 15_000 },
  };
}
