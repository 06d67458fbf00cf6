import { type SQL, sql } from 'drizzle-orm';
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

/** Another run holds the lease, or the connection is gone. */
export class LeaseBusyError extends Error {
  override readonly name = 'LeaseBusyError';
}

/** How long a lease lasts unless it's renewed. A killed worker's work is taken over after this. */
export const LEASE_SECONDS = 30;

export const leaseEnd = sql`clock_timestamp() + ${LEASE_SECONDS} * interval '1 second'`;

/**
 * For a transaction that others wait for: one whose process stands still in it, or whose machine is lost, would hold its locks for as long
 * as its connection lasts, hours perhaps. PostgreSQL ends it when the lease has ended too.
 */
export const endsWithLease = sql`set_config('idle_in_transaction_session_timeout', ${`${LEASE_SECONDS}s`}, true)`;

/**
 * Keeps all others from taking or ending the lease until the transaction ends, so that what is seen after it holds. Who is ending it is waited
 * for, and so is who removes the connection, which locks that first and its leases then. Throws LeaseBusyError when the lease is held.
 */
export async function lockLease(tx: Executor, connection: string, kind: LeaseKind): Promise<void> {
  const [lease] = await tx.rows<{ held: boolean }>(sql`
    with known as materialized (
      select name, ${endsWithLease} from sync.connections where name = ${connection} for key share
    )
    select l.ends_at > clock_timestamp() as held from known
    join sync.leases l on l.connection = known.name and l.kind = ${kind} for update of l`);
  if (lease?.held) throw new LeaseBusyError();
}

/** Takes the lease for a run that was begun earlier and goes on. Throws LeaseBusyError. */
export async function resumeRun(db: Executor, { connection, kind, runId }: Lease): Promise<void> {
  const taken = await db.rows(sql`
    with known as (
      select name from sync.connections where name = ${connection} for key share
    )
    insert into sync.leases (connection, kind, run_id, ends_at)
    select name, ${kind}, ${runId}::bigint, ${leaseEnd} from known
    on conflict (connection, kind) do update set run_id = excluded.run_id, ends_at = excluded.ends_at
    where leases.ends_at < clock_timestamp()
    returning 1`);
  if (taken.length === 0) throw new LeaseBusyError();
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

/**
 * One transaction of the worker's own. It bears the worker's origin, so that capture leaves it alone, and commits only
 * while the lease is held: the lease's row is locked against takeover until then. Throws LeaseLostError.
 */
export async function asWorker<Result>(
  db: Database,
  lease: Lease,
  work: (tx: Executor) => Promise<Result>,
): Promise<Result> {
  return db.transaction(async (tx) => {
    const { held } = await tx.row<{ held: boolean }>(
      sql`with ${worker(lease)} select exists (select from worker) as held`,
    );
    if (!held) throw lost(lease);
    return work(tx);
  });
}

/**
 * The same for one statement that gives one row, without the trips for `begin`, the lease and `commit`. What it writes must come from a join
 * with `worker`, which has a row where the lease is held, else none: reading it gives the transaction its origin. Throws LeaseLostError.
 */
export async function rowAsWorker<Row extends object>(
  db: Database,
  lease: Lease,
  { ctes, gives }: { readonly ctes: SQL; readonly gives: SQL },
): Promise<Row> {
  const row = await db.row<Row & { held: boolean }>(
    sql`with ${worker(lease)}, ${ctes} select exists (select from worker) as held, ${gives}`,
  );
  if (!row.held) throw lost(lease);
  return row;
}

/** The origin is set only after the lease's row was locked. */
const worker = ({ connection, kind, runId }: Lease): SQL => sql`
  lease as materialized (
    select 1 from sync.leases
    where connection = ${connection} and kind = ${kind} and run_id = ${runId}::bigint and ends_at > clock_timestamp()
    for share
  ), worker as materialized (
    select set_config('taskmirror.origin', 'sync', true), ${endsWithLease} from lease
  )`;

const lost = ({ connection, kind }: Lease): LeaseLostError =>
  new LeaseLostError(`the lease on ${connection}'s ${kind} was lost`);
