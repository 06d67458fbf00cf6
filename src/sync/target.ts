import type { Lease } from '../mirror/leases.js';
import { listUnreadable } from '../mirror/unreadable.js';
import type { Source } from '../sources/source.js';
import type { SyncContext } from './context.js';

/** What was seen of the mirror, for a write that is still to come. */
export interface Look {
  /** Is told the ids of tasks that were written since: where it saw one of them, all that it saw is void. */
  outdate(written: ReadonlySet<number>): void;
}

/** Where answers are applied, and under which lease. */
export interface Target {
  readonly context: SyncContext;
  readonly source: Source;
  readonly connection: string;
  readonly lease: Lease;
  /** Under which name deletions are held back until it's known how many there are. */
  readonly holder: string;
  /** Ids that are reported as unreadable; kept up to date here. */
  readonly unreadable: Set<string>;
  /** Those of them that were met by now. */
  readonly met: Set<string>;
  /** Whether what comes is held for new, as in a first read: it is inserted without a look, and what is there already is read then. */
  readonly fresh: boolean;
  /** Looks at what the mirror holds that come before writes of their own; others' writes are told to them. */
  readonly looks: Set<Look>;
}

/** A target of which nothing has been applied yet. */
export async function openTarget(
  context: SyncContext,
  source: Source,
  lease: Lease,
  holder: string,
  fresh = false,
): Promise<Target> {
  const { connection } = lease;
  const unreadable = await listUnreadable(context.db, connection);
  const known = new Set(unreadable.map(({ id }) => id));
  return {
    context,
    source,
    connection,
    lease,
    holder,
    unreadable: known,
    met: new Set(),
    fresh,
    looks: new Set(),
  };
}
