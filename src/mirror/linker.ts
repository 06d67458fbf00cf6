import { sql } from 'drizzle-orm';
import type { Database, Executor } from './database.js';
import { endsWithLease } from './leases.js';

/**
 * One transaction that carries something over a link or makes one. What it changes of tasks is captured like a local edit, and marked in
 * history as come over a link. One at a time over all processes: each begins with what the last one has done. Rows are locked after that,
 * links before Invoiced's before FreshBooks's, and none is waited for that somebody holds: so nobody waits in a circle.
 */
export function asLinker<Result>(db: Database, work: (tx: Executor) => Promise<Result>): Promise<Result> {
  return db.transaction(async (tx) => {
    await tx.rows(sql`
      select set_config('taskmirror.origin', 'link', true), set_config('lock_timeout', ${`${LONGEST_WAIT_S}s`}, true),
        ${endsWithLease}`);
    await tx.rows(sql`select pg_advisory_xact_lock(hashtext('taskmirror links'))`);
    return work(tx);
  });
}

const LONGEST_WAIT_S = 10;

/** Whether there is anything to link at all: two looks at tables that are mostly empty. A copy of a database links nothing. */
export const hasLinks = sql`
  (exists (select from sync.link_rules) or exists (select from sync.links)) and (select sync.strayed()) is null`;

export async function anyLinks(db: Executor): Promise<boolean> {
  const { linked } = await db.row<{ linked: boolean }>(sql`select ${hasLinks} as linked`);
  return linked;
}
