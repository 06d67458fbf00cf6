import { sql } from 'drizzle-orm';
import { addition, type Counts, countNames } from './counts.js';
import { type Database, type Executor, fromMicros, micros } from './database.js';
import { endsWithLease, type Lease, LeaseBusyError, type LeaseKind, leaseEnd } from './leases.js';

export type RunKind = 'poll' | 'read' | 'sweep' | 'resync' | 'push' | 'verify';
export type Outcome = 'ok' | 'failed' | 'stopped' | 'interrupted';

/** The lease of a run that has just begun, and when that was, microseconds since 1970. */
export type BegunLease = Lease & { readonly startedAt: number };

/** A run to begin. */
export interface NewRun {
  readonly connection: string;
  readonly kind: RunKind;
  readonly lease: LeaseKind;
  readonly request: string | null;
}

/**
 * Begins a run: takes the lease and writes its row in `sync.runs`. Null when another run holds the lease, or the connection is gone. Runs whose process
 * ended without a word are closed as interrupted.
 */
export async function beginRun(db: Database, run: NewRun): Promise<BegunLease | null> {
  return db
    .transaction((tx) => beginRunIn(tx, run))
    .catch((error: unknown) => {
      if (error instanceof LeaseBusyError) return null;
      throw error;
    });
}

/** The same within a transaction, which is to be rolled back when it throws LeaseBusyError. */
export async function beginRunIn(
  tx: Executor,
  { connection, kind, lease, request }: NewRun,
): Promise<BegunLease> {
  // A connection that is being removed is waited for, and then has no runs any more.
  const [run] = await tx.rows<{ run_id: string; started_at: string; leased: boolean }>(sql`
    with known as (
      select name from sync.connections where name = ${connection} for key share
    ), run as (
      insert into sync.runs (connection, kind, lease, request) select name, ${kind}, ${lease}, ${request} from known
      returning run_id, started_at
    ), lease as (
      insert into sync.leases (connection, kind, run_id, ends_at)
      select ${connection}, ${lease}, run_id, ${leaseEnd} from run
      on conflict (connection, kind) do update set run_id = excluded.run_id, ends_at = excluded.ends_at
      where leases.ends_at < clock_timestamp()
      returning 1
    )
    select run_id::text, ${micros(sql`started_at`)} as started_at, exists (select from lease) as leased, ${endsWithLease} from run`);
  if (!run?.leased) throw new LeaseBusyError();
  await tx.rows(sql`
    update sync.runs set outcome = 'interrupted', finished_at = clock_timestamp(), error = 'its process ended'
    where connection = ${connection} and finished_at is null and run_id <> ${run.run_id}::bigint
      and lease = ${lease}`);
  // What a poll held back that failed or ended so. A walk goes on with what it held.
  await tx.rows(sql`
    delete from sync.held_deletions h using sync.runs r
    where h.holder = r.run_id and r.connection = ${connection} and r.lease = 'poll' and ${lease} = 'poll'`);
  return { connection, kind: lease, runId: run.run_id, startedAt: Number(run.started_at) };
}

/**
 * Closes runs that their process left without a word, which the connection's next run of the kind would do too; but a push may have
 * none for days. A walk between two slices is not over. Relies on there being one lease for each connection and kind.
 */
export async function closeAbandoned(db: Executor): Promise<void> {
  await db.rows(sql`
    update sync.runs r set outcome = 'interrupted', finished_at = clock_timestamp(), error = 'its process ended'
    from sync.leases l
    where r.run_id = l.run_id and r.finished_at is null and l.ends_at < clock_timestamp()
      and not exists (select from sync.walks w where w.run_id = r.run_id)`);
}

/** How the run ended that was made for this request; null while there is none or it is under way. */
export async function findEnded(
  db: Executor,
  request: string,
): Promise<{ readonly runId: string; readonly outcome: Outcome; readonly error: string | null } | null> {
  const [run] = await db.rows<{ run_id: string; outcome: Outcome; error: string | null }>(sql`
    select run_id::text, outcome, error from sync.runs
    where request = ${request} and outcome <> 'interrupted' order by sync.runs.run_id desc limit 1`);
  return run === undefined ? null : { runId: run.run_id, outcome: run.outcome, error: run.error };
}

/** The connection's last run of a kind that ended. Relies on the index `runs_by_kind`. */
export async function findLastRun(
  db: Executor,
  connection: string,
  kind: RunKind,
): Promise<{ readonly outcome: Outcome; readonly error: string | null } | null> {
  const [run] = await db.rows<{ outcome: Outcome; error: string | null }>(sql`
    select outcome, error from sync.runs
    where connection = ${connection} and kind = ${kind} and finished_at is not null
    order by sync.runs.run_id desc limit 1`);
  return run ?? null;
}

export interface RunEnd {
  readonly outcome: Outcome;
  readonly counts: Counts;
  readonly error: string | null;
  /** Where the next poll begins, microseconds since 1970; null leaves the cursor as it is. */
  readonly cursor: number | null;
  /** For a cursor that stays although all was read: the window was read once, and is to be read again. */
  readonly readAgain?: boolean;
  /** Whether the mirror now holds everything up to the run's start. */
  readonly pulled: boolean;
  /** What a person must do before this connection works again; null clears it; undefined leaves it. */
  readonly problem?: string | null;
  /** What must be done when the lease is free: it is committed with the run's end, or not at all. */
  readonly together?: (tx: Executor) => Promise<void>;
}

/** Ends a run and its lease at once, and gives the run's counts. Null when the lease had been lost: then nothing was changed. */
export async function finishRun(db: Database, lease: Lease, end: RunEnd): Promise<Counts | null> {
  const { together } = end;
  if (together === undefined) return endRun(db, lease, end);
  return db.transaction(async (tx) => {
    await tx.rows(sql`select ${endsWithLease}`);
    const totals = await endRun(tx, lease, end);
    if (totals !== null) await together(tx);
    return totals;
  });
}

async function endRun(db: Executor, lease: Lease, end: RunEnd): Promise<Counts | null> {
  const { connection, kind, runId } = lease;
  const pushed = kind === 'push' && end.outcome === 'ok';
  // What reading has met, only reading can take back, and the same for sending.
  const side = kind === 'push' ? 'push' : 'pull';
  const told = end.problem ?? null;
  const takesBack = end.problem === null;
  const [totals] = await db.rows<Counts>(sql`
    with lease as (
      update sync.leases set ends_at = clock_timestamp()
      where connection = ${connection} and kind = ${kind} and run_id = ${runId}::bigint and ends_at > clock_timestamp()
      returning 1
    ), run as (
      update sync.runs set finished_at = clock_timestamp(), outcome = ${end.outcome}, error = ${end.error},
        ${addition(end.counts)}
      where run_id = ${runId}::bigint and exists (select from lease)
      returning *
    ), cursor as (
      insert into sync.cursors (connection, cursor)
      select ${connection}, ${fromMicros(end.cursor ?? 0)} from run where ${end.cursor !== null}
      on conflict (connection) do update
      set cursor = excluded.cursor, walked_again = true, updated_at = clock_timestamp()
    ), again as (
      update sync.cursors k set walked_again = false from run
      where k.connection = ${connection} and ${end.cursor === null && end.readAgain === true}
    ), connection as (
      update sync.connections c set
        last_pull_at = case when ${end.pulled} then greatest(c.last_pull_at, run.started_at) else c.last_pull_at end,
        last_push_at = case when ${pushed} then greatest(c.last_push_at, run.started_at) else c.last_push_at end,
        problem = case when ${told}::text is not null then ${told}
          when ${takesBack} and c.problem_of is not distinct from ${side} then null else c.problem end,
        problem_of = case when ${told}::text is not null then ${side}
          when ${takesBack} and c.problem_of is not distinct from ${side} then null else c.problem_of end
      from run
      where c.name = ${connection} and (${end.pulled} or ${pushed} or ${told}::text is distinct from c.problem and (
        ${told}::text is not null or ${takesBack} and c.problem_of is not distinct from ${side}))
    )
    select ${countNames} from run`);
  return totals ?? null;
}
