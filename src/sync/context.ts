import type { Logger } from 'pino';
import type { ConflictPolicy } from '../fields.js';
import type { Counts } from '../mirror/counts.js';
import type { Database } from '../mirror/database.js';
import type { Outcome } from '../mirror/runs.js';
import type { Runtime } from '../runtime.js';
import type { Account, Share } from '../sources/index.js';
import type { SourceClient } from '../sources/source.js';

/** A run that ended, as metrics count it. */
export interface RunEvent {
  readonly kind: string;
  readonly outcome: Outcome;
  /** What it did in all; null where it lost its lease, and another run says so. */
  readonly counts: Counts | null;
}

/** What the sync needs of the process that it runs in. */
export interface SyncContext {
  readonly db: Database;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly onRun?: (run: RunEvent) => void;
  readonly policy: ConflictPolicy;
  /** The share of a connection's active rows that may be deleted at once, 0 to 1. */
  readonly deleteLimit: number;
  readonly push: PushSettings;
  /** How long one slice of a walk lasts, in milliseconds, before other accounts get their turn. */
  readonly walkSliceMs: number;
  /** The account of a connection whose secret this process has. */
  account(connection: string): Account | null;
  /** Opens a client for one run; the run closes it. */
  open(account: Account, share: Share, connection: string): SourceClient;
}

export interface PushSettings {
  /** Off: local edits are captured and wait. */
  readonly enabled: boolean;
  /** Milliseconds without an edit before a row is sent. */
  readonly quietMs: number;
  /** Milliseconds after its first edit that a row is sent at the latest, however busily it is edited. */
  readonly boundMs: number;
  /**
   * Milliseconds after a write was sent by which the API must have finished with it, answered or not: longer than any request may
   * last. Nothing is sent for its row before.
   */
  readonly finishedAfterMs: number;
}
