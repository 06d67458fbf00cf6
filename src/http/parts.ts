import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Queues } from '../jobs/queues.js';
import type { Workers } from '../jobs/workers.js';
import type { Database } from '../mirror/database.js';
import type { Sealer } from '../mirror/sealing.js';
import type { Runtime } from '../runtime.js';
import type { Metrics } from './metrics/metrics.js';

/** What the routes have to answer from. */
export interface Parts {
  readonly runtime: Runtime;
  readonly log: Logger;
  /** Of the server's own: a question about health must not wait in line behind the work, or for ever. */
  readonly db: Database;
  /** Of the status page's own: what is asked for it is larger, and may wait. */
  readonly pageDb: Database;
  readonly settings: Pick<Config, 'push' | 'deleteLimit'>;
  /** Opens what is stored of tokens, for when they end; null where this process has no key. */
  readonly sealer: Sealer | null;
  readonly metrics: Metrics;
  readonly daemon: Shown;
}

/** What the daemon shows of itself. It is served from its first moment on, so this changes: each request looks anew. */
export interface Shown {
  /** Null until they are open, as long as the database or the queue is waited for. */
  readonly queues: Queues | null;
  readonly workers: Workers | null;
  readonly stopping: boolean;
}
