/** The vocabulary between the queue and the sync: what a job asks for, and how it ended. */

/** A poll reads what changed; a walk reads everything (first read, sweep, full resync); a push sends local changes. One of each at a time for a connection. */
export type WorkKind = 'poll' | 'walk' | 'push';

export interface ResyncRequest {
  /** Names the request in `sync.runs`, so that who asked can follow it. */
  readonly id: string;
  readonly full: boolean;
  /** Re-read from here, in seconds since 1970; null from the cursor. */
  readonly since: number | null;
  /** Goes on past the brake on deletions. */
  readonly force: boolean;
}

export interface Work {
  readonly kind: WorkKind;
  readonly connection: string;
  /** Absent for scheduled work. */
  readonly request?: ResyncRequest;
  /** A slice after the first: it goes on with what an earlier slice began, and need not begin anew when that has ended. */
  readonly continued?: true;
}

export type RunOutcome = 'ok' | 'failed' | 'stopped' | 'interrupted';

export type WorkResult =
  | {
      readonly state: 'done';
      readonly runId: string;
      readonly outcome: RunOutcome;
      readonly error: string | null;
    }
  /** A walk's slice is over and its place is kept: queue it again at once. */
  | { readonly state: 'continue' }
  /** Another process runs the same kind for this connection. */
  | { readonly state: 'busy'; readonly retryAfterMs: number }
  /** More is to be done, but not before this: come back then. */
  | { readonly state: 'later'; readonly afterMs: number }
  /** There was nothing to do: paused, gone, or waiting for its first read. */
  | { readonly state: 'skipped'; readonly reason: string }
  /** This worker lacks the connection's secret: leave it to those that have it. */
  | { readonly state: 'elsewhere' };

export interface WorkProgress {
  readonly pages: number;
  readonly rows: number;
  /** How many rows there are in all, where the API tells. */
  readonly total: number | null;
}

/** Does one piece of work. On `signal` it commits the page under way and returns `interrupted`. Throws only what may heal by itself. */
export type Perform = (
  work: Work,
  signal: AbortSignal,
  onProgress: (progress: WorkProgress) => void,
) => Promise<WorkResult>;
