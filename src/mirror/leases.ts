import { sql } from 'drizzle-orm';
import type { Database, Executor } from './database.js';

/** A lease is held per connection and kind: first read, full resync, sweep and verify walk everything and are one kind. */
export type LeaseKind = 'poll' | 'walk' | 'push';

export interface Lease {
  readonly connection: string;
  readonly kind: LeaseKind;
  readonly runId: string;
}

/** The run's lease ended: another process may have taken over, and nothing more may be committed. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** How long a lease lasts unless it's renewed. A killed worker's work is taken over after this. */
export const LEASE_SECONDS = 30;

export const leaseEnd = sql`clock_timestamp() + ${LEASE_SECONDS} * interval '1 second'`;

/** Takes the lease for a run that was begun earlier and goes on. False when another run holds it, or the connection is gone. */
export async function resumeRun(db: Executor, { connection, kind, runId }: Lease): Promise<boolean> {
  const taken = await db.rows(sql`
    with known as (
      select name from sync.connections where name = ${connection} for key share
    )
    insert into sync.leases (connection, kind, run_id, ends_at)
    select name, ${kind}, ${runId}::bigint, ${leaseEnd} from known
    on conflict (connection, kind) do update set run_id = excluded.run_id, ends_at = excluded.ends_at
    where leases.ends_at < clock_timestamp()
    returning 1`);
  return taken.length > 0;
}

/** Milliseconds until the present lease on this kind ends by itself. */
export async function leaseRemaining(db: Executor, connection: string, kind: LeaseKind): Promise<number> {
  const { ms } = await db.row<{ ms: number | null }>(sql`
    select max(extract(epoch from ends_at - clock_timestamp()) * 1000)::int as ms
    from sync.leases where connection = ${connection} and kind = ${kind}`);
  return Math.max(0, ms ?? 0);
}

/** Prolongs the lease; false when it was lost. */
export async function renewLease(db: Executor, { connection, kind, runId }: Lease): Promise<boolean> {
  const kept = await db.rows(sql`
    update sync.leases set ends_at = ${leaseEnd}
    where connection = ${connection} and kind = ${kind} and run_id = ${runId}::bigint and ends_at > clock_timestamp()
    returning 1`);
  return kept.length > 0;
}

/** Ends the lease without ending the run: a walk's next slice goes on with it. */
export async function yieldLease(db: Executor, { connection, kind, runId }: Lease): Promise<void> {
  await db.rows(sql`
    update sync.leases set ends_at = clock_timestamp()
    where connection = ${connection} and kind = ${kind} and run_id = ${runId}::bigint`);
}

/**
 * One transaction of the worker's own. It bears the worker's origin, so that capture leaves it alone, and commits only
 * while the lease is held: the lease's row is locked against takeover until then. Throws LeaseLostError.
 */
export async function asWorker<Result>(
  db: Database,
  { connection, kind, runId }: Lease,
  work: (tx: Executor) => Promise<Result>,
): Promise<Result> {
  return db.transaction(async (tx) => {
    const { held } = await tx.row<{ held: boolean }>(sql`
      with lease as (
        select 1 from sync.leases
        where connection = ${connection} and kind = ${kind} and run_id = ${runId}::bigint and ends_at > clock_timestamp()
        for share
      )
      select set_config('taskmirror.origin', 'sync', true), exists (select from lease) as held`);
    if (!held) throw new LeaseLostError(`the lease on ${connection}'s ${kind} was lost`);
    return work(tx);
  });
}
