import { sql } from 'drizzle-orm';
import type { Database, Executor } from './database.js';

/** What of a database's whereabouts can change: see `sync.whereabouts()`. */
export type Whereabout = 'server' | 'database' | 'table' | 'timeline';

/** What was found and done when a database was not where it used to be. */
export interface Strayed {
  readonly changed: readonly Whereabout[];
  readonly reason: string;
  /** The connections that were paused for it. */
  readonly paused: readonly string[];
}

/** What tells that this database is a copy; null at home. */
export async function findStrayed(db: Executor): Promise<readonly Whereabout[] | null> {
  const { strayed } = await db.row<{ strayed: readonly Whereabout[] | null }>(
    sql`select sync.strayed() as strayed`,
  );
  return strayed;
}

/**
 * Notes where the database lives, the first time. Where it is a copy, pauses every connection before anything is read or sent: it may
 * hold older tokens, lack writes that were made since, or run beside its original. From a dump the tokens are put aside too: used here
 * they would be lost to the original. `andThen` is done in the same transaction. Null at home.
 */
export async function settleHome(
  db: Database,
  andThen: (tx: Executor) => Promise<unknown> = async () => {},
): Promise<Strayed | null> {
  const noted = await db.rows(sql`select from sync.home`);
  if (noted.length > 0 && (await findStrayed(db)) === null) return null;
  return db.transaction(async (tx) => {
    const first = await tx.rows(sql`
      insert into sync.home (whereabouts) values (sync.whereabouts()) on conflict do nothing returning 1`);
    if (first.length > 0) return null;
    await tx.rows(sql`select from sync.home for update`);
    // Another worker may have seen to it meanwhile.
    const changed = await findStrayed(tx);
    if (changed === null) return null;
    const reason = reasonOf(changed);
    const paused = await tx.rows<{ name: string }>(sql`
      update sync.connections set paused_at = coalesce(paused_at, clock_timestamp()), pause_reason = ${reason}
      where paused_at is null or pause_reason is null returning name`);
    if (isRestored(changed)) {
      await tx.rows(sql`
        update sync.credentials set problem = ${TOKENS_ASIDE} where source = 'freshbooks' and problem is null`);
    }
    await andThen(tx);
    await tx.rows(sql`update sync.home set whereabouts = sync.whereabouts(), noted_at = clock_timestamp()`);
    return { changed, reason, paused: paused.map(({ name }) => name).sort() };
  });
}

/** Recovery in place and promotion change the timeline alone. */
const isRestored = (changed: readonly Whereabout[]): boolean => changed.some((part) => part !== 'timeline');

function reasonOf(changed: readonly Whereabout[]): string {
  return isRestored(changed)
    ? `the database was restored from a copy (another ${changed.join(', ')} than before)`
    : 'the database was recovered to a point in time, or a replica took over (another timeline than before)';
}

const TOKENS_ASIDE =
  'The tokens came with a restored copy of the database, and using them could end the consent of the original: consent again with taskmirror connect';
