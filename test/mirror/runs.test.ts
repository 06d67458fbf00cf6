import { sql as drizzle } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { declareConnections } from '../../src/mirror/connections.js';
import { noCounts } from '../../src/mirror/counts.js';
import { type Database, databaseNow, isUnavailable, openDatabase } from '../../src/mirror/database.js';
import {
  asWorker,
  type Lease,
  LeaseBusyError,
  type LeaseKind,
  LeaseLostError,
  leaseRemaining,
  renewLease,
  resumeRun,
} from '../../src/mirror/leases.js';
import { packNew, writeNew } from '../../src/mirror/new-tasks.js';
import { beginRun, closeAbandoned, finishRun, type RunEnd } from '../../src/mirror/runs.js';
import type { RowChange } from '../../src/mirror/tasks.js';
import { findWalk, openWalk, stepWalk, yieldWalk } from '../../src/mirror/walks.js';
import { saveWriteAlone } from '../../src/mirror/writes.js';
import { invoiced } from '../../src/sources/invoiced/source.js';
import { createTestDatabase, type TestDatabase, unique, until } from '../servers/index.js';

let database: TestDatabase;
let db: Database;
let sql: postgres.Sql;
/** A connection of its own for each test. */
let connection: string;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.url, { applicationName: 'taskmirror test' });
  sql = postgres(database.url, { max: 2, onnotice: () => {} });
});

beforeEach(async () => {
  connection = unique('account');
  await declareConnections(db, [{ name: connection, source: 'invoiced', pollEvery: 1000, sweepEvery: 1000 }]);
});

afterAll(async () => {
  await Promise.all([db.close(), sql.end()]);
  await database.drop();
});

const begin = (lease: LeaseKind = 'poll', of = connection) =>
  beginRun(db, { connection: of, kind: lease === 'walk' ? 'sweep' : lease, lease, request: null });

async function begun(lease: LeaseKind = 'poll') {
  const run = await begin(lease);
  if (run === null) throw new Error('the lease was not free');
  return run;
}

/** As when a process was silent for so long that its lease ran out. */
const expire = ({ runId }: Lease) =>
  sql`update sync.leases set ends_at = clock_timestamp() - interval '1 second' where run_id = ${runId}`;

const newTask = (id: number): RowChange => ({
  id,
  row: null,
  columns: { vis_state: 0 },
  raw: { id },
  syncState: 'synced',
  syncError: null,
  answeredAt: 1_800_000_000_000_000,
  overruled: [],
});

const end = (changes: Partial<RunEnd> = {}): RunEnd => ({
  outcome: 'ok',
  counts: noCounts,
  error: null,
  cursor: null,
  pulled: false,
  ...changes,
});

async function runOf({ runId }: Lease) {
  const [run] = await sql`select * from sync.runs where run_id = ${runId}`;
  return run;
}

async function connectionRow() {
  const [row] = await sql`
    select c.*, c.xmin::text as version, k.cursor from sync.connections c
    left join sync.cursors k on k.connection = c.name where c.name = ${connection}`;
  return row;
}

/** A worker's write that everybody can see once it is committed. */
const write = (lease: Lease) =>
  asWorker(db, lease, (tx) =>
    tx.rows(
      drizzle`insert into sync.unreadable (connection, task_id, reason) values (${connection}, ${lease.runId}, 'x')`,
    ),
  );

const written = async () =>
  (await sql`select task_id from sync.unreadable where connection = ${connection}`).map(
    ({ task_id }) => task_id,
  );

describe('of runs of one connection and kind', () => {
  test('one begins, however many try at once, and the others leave no trace', async () => {
    const tries = await Promise.all(Array.from({ length: 10 }, () => begin()));
    const begun = tries.filter((lease) => lease !== null);
    expect(begun).toHaveLength(1);
    const runs = await sql`select run_id, outcome from sync.runs where connection = ${connection}`;
    expect(runs).toEqual([{ run_id: begun[0]?.runId, outcome: null }]);
  });

  test('the next begins as soon as one is finished', async () => {
    const first = await begun();
    expect(await begin()).toBeNull();
    expect(await leaseRemaining(db, connection, 'poll')).toBeGreaterThan(20_000);
    await finishRun(db, first, end());
    expect(await leaseRemaining(db, connection, 'poll')).toBe(0);
    expect(await begin()).not.toBeNull();
  });

  test('others are not held up: another kind, another connection', async () => {
    await begun('poll');
    expect(await begin('walk')).not.toBeNull();
    expect(await begin('push')).not.toBeNull();
    const other = unique('other');
    await declareConnections(db, [{ name: other, source: 'invoiced', pollEvery: 1000, sweepEvery: 1000 }]);
    expect(await begin('poll', other)).not.toBeNull();
  });

  test('a connection that is gone has no runs, and none goes on', async () => {
    const run = await begun('walk');
    await sql`delete from sync.leases where connection = ${connection}`;
    await sql`delete from sync.connections where name = ${connection}`;
    expect(await begin('poll')).toBeNull();
    await expect(resumeRun(db, run)).rejects.toThrow(LeaseBusyError);
    expect(await sql`select from sync.leases where connection = ${connection}`).toEqual([]);
  });
});

describe('a run whose lease ran out', () => {
  test('is taken over by one, however many try at once, and closed as interrupted', async () => {
    const silent = await begun();
    await expire(silent);
    const tries = await Promise.all(Array.from({ length: 10 }, () => begin()));
    expect(tries.filter((lease) => lease !== null)).toHaveLength(1);
    expect(await runOf(silent)).toMatchObject({
      outcome: 'interrupted',
      finished_at: expect.any(Date),
      error: 'its process ended',
    });
  });

  test('is closed though no other one comes, unless it is a walk that goes on', async () => {
    const [left, alive, between] = [await begun('push'), await begun('poll'), await begun('walk')];
    await sql`
      insert into sync.walks (connection, walk_id, run_id, kind, force, started_at)
      values (${connection}, ${between.runId}, ${between.runId}, 'sweep', false, now())`;
    await yieldWalk(db, between);
    await expire(left);
    await closeAbandoned(db);
    expect(await runOf(left)).toMatchObject({
      outcome: 'interrupted',
      finished_at: expect.any(Date),
      error: 'its process ended',
    });
    for (const run of [alive, between]) {
      expect(await runOf(run)).toMatchObject({ outcome: null, finished_at: null, error: null });
    }
  });

  test('commits nothing more, whether it was taken over or not', async () => {
    const silent = await begun();
    await write(silent);
    expect(await written()).toEqual([silent.runId]);
    await expire(silent);
    await expect(write(silent)).rejects.toThrow(LeaseLostError);
    const next = await begun();
    await expect(write(silent)).rejects.toThrow(LeaseLostError);
    await write(next);
    expect(await written()).toEqual([silent.runId, next.runId]);
  });

  test('inserts no new tasks, whether it was taken over or not', async () => {
    const silent = await begun();
    const insert = (lease: Lease, id: number) =>
      writeNew(db, invoiced, lease, packNew(invoiced, [newTask(id)]));
    expect((await insert(silent, 1)).size).toBe(1);
    await expire(silent);
    await expect(insert(silent, 2)).rejects.toThrow(LeaseLostError);
    const next = await begun();
    await expect(insert(silent, 2)).rejects.toThrow(LeaseLostError);
    expect((await insert(next, 3)).size).toBe(1);
    expect(
      await sql`select id, sync_state from invoiced.tasks where connection = ${connection} order by id`,
    ).toEqual([
      { id: '1', sync_state: 'synced' },
      { id: '3', sync_state: 'synced' },
    ]);
  });

  test('saves no write, whether it was taken over or not', async () => {
    const silent = await begun();
    await writeNew(db, invoiced, silent, packNew(invoiced, [newTask(1)]));
    const save = async (lease: Lease) => {
      const [row] = await sql`
        select row_id::text as id, xmin::text as version from invoiced.tasks where connection = ${connection}`;
      const write = {
        ...{ connection, rowId: String(row?.['id']), runId: lease.runId, method: 'PATCH', path: '/tasks/1' },
        ...{ sent: { name: 'Call' }, idempotencyKey: null, taskUpdatedAt: null },
      };
      return saveWriteAlone(db, lease, invoiced, write, String(row?.['version']));
    };
    const saved = await save(silent);
    expect(saved).not.toBeNull();
    await expire(silent);
    await expect(save(silent)).rejects.toThrow(LeaseLostError);
    const next = await begun();
    await expect(save(silent)).rejects.toThrow(LeaseLostError);
    const other = await save(next);
    expect(await sql`select write_id from sync.writes where connection = ${connection} order by 1`).toEqual([
      { write_id: saved },
      { write_id: other },
    ]);
  });

  test('one that stands still in a transaction, as when its machine is lost, holds up the next no longer than its lease', async () => {
    const silent = await begun();
    let wake = () => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let stands = () => {};
    const reached = new Promise<void>((resolve) => {
      stands = resolve;
    });
    const standing = asWorker(db, silent, async (tx) => {
      stands();
      await woken;
      await tx.rows(drizzle`select 1`);
    });
    await reached;
    // Its hold on the lease is waited for.
    const next = await begin();
    expect(next).not.toBeNull();
    wake();
    const error = await standing.catch((error: unknown) => error);
    expect(isUnavailable(error)).toBe(true);
  });

  test('can neither be renewed nor finished, and its successor is not disturbed', async () => {
    const silent = await begun();
    await expire(silent);
    expect(await renewLease(db, silent)).toBe(false);
    const next = await begun();
    const before = await connectionRow();
    expect(await renewLease(db, silent)).toBe(false);
    const late = end({ cursor: 1_800_000_000_000_000, pulled: true, problem: 'gone wrong' });
    expect(await finishRun(db, silent, late)).toBeNull();
    const together = () => Promise.reject(new Error('it did what belongs to its end'));
    expect(await finishRun(db, silent, { ...late, together })).toBeNull();
    await yieldWalk(db, silent);
    expect(await runOf(silent)).toMatchObject({ outcome: 'interrupted' });
    expect(await connectionRow()).toEqual(before);
    expect(await renewLease(db, next)).toBe(true);
  });

  test('moves its walk on no further, whether it was taken over or not', async () => {
    const silent = await begun('walk');
    await openWalk(db, { ...silent, kind: 'sweep', request: null, force: false, startedAt: 0 });
    const step = (page: number) =>
      stepWalk(db, silent, silent.runId, {
        ids: [page],
        next: { page },
        counts: noCounts,
        left: 0,
        total: null,
      });
    expect(await step(1)).toBe(true);
    await expire(silent);
    expect(await step(2)).toBe(false);
    await begun('walk');
    expect(await step(3)).toBe(false);
    expect(await findWalk(db, connection)).toMatchObject({ position: { page: 1 }, batches: 1 });
    expect(await sql`select ids from sync.walk_pages where walk_id = ${silent.runId}`).toEqual([
      { ids: ['1'] },
    ]);
  });

  test('is not taken over in the midst of a commit', async () => {
    const run = await begun();
    let commit = (): void => {};
    const mayCommit = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const { inside } = await commitOnLastSecond(run, mayCommit);
    await until('the lease has run out', async () => (await leaseRemaining(db, connection, 'poll')) === 0);
    const order: string[] = [];
    const takeover = begin().then(async (next) => {
      order.push(next === null ? 'refused' : `taken over after ${await written()}`);
    });
    await until('the takeover waits', async () => {
      const waiting = await sql`
        select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return waiting.length > 0;
    });
    expect(order).toEqual([]);
    commit();
    await Promise.all([inside, takeover]);
    expect(order).toEqual(['taken over after late']);
  });
});

/** A commit whose lease was held when it began, and runs out soon; in more than a second where the machine is too slow for that. */
async function commitOnLastSecond(
  run: Lease,
  mayCommit: Promise<void>,
  seconds = 1,
): Promise<{ readonly inside: Promise<void> }> {
  await sql`update sync.leases set ends_at = clock_timestamp() + ${seconds} * interval '1 second' where run_id = ${run.runId}`;
  let hold = (_: boolean): void => {};
  const held = new Promise<boolean>((resolve) => {
    hold = resolve;
  });
  const inside = asWorker(db, run, async (tx) => {
    hold(true);
    await tx.rows(
      drizzle`insert into sync.unreadable (connection, task_id, reason) values (${connection}, 'late', 'x')`,
    );
    await mayCommit;
  });
  inside.catch(() => hold(false));
  return (await held) || seconds > 8 ? { inside } : commitOnLastSecond(run, mayCommit, seconds * 2);
}

describe('a run under its lease', () => {
  test('is renewed for as long as it lives', async () => {
    const run = await begun();
    await sql`update sync.leases set ends_at = clock_timestamp() + interval '10 seconds' where run_id = ${run.runId}`;
    expect(await renewLease(db, run)).toBe(true);
    expect(await leaseRemaining(db, connection, 'poll')).toBeGreaterThan(20_000);
  });

  test("bears the worker's origin in its own transactions only", async () => {
    const one = openDatabase(database.url, { applicationName: 'taskmirror test', max: 1 });
    const origin = drizzle`select current_setting('taskmirror.origin', true) as origin`;
    const inside = await asWorker(one, await begun(), (tx) => tx.row(origin));
    expect(inside).toEqual({ origin: 'sync' });
    expect(['', null]).toContain((await one.row<{ origin: string | null }>(origin)).origin);
    await one.close();
  });

  test('that throws commits nothing', async () => {
    const run = await begun();
    const failing = asWorker(db, run, async (tx) => {
      await tx.rows(
        drizzle`insert into sync.unreadable (connection, task_id, reason) values (${connection}, '1', 'x')`,
      );
      throw new Error('a fault');
    });
    await expect(failing).rejects.toThrow('a fault');
    expect(await written()).toEqual([]);
  });

  test('ends with its counts, its cursor and the time of the pull', async () => {
    const run = await begun();
    const cursor = await databaseNow(db);
    const counts = { ...noCounts, pages: 2, fetched: 150, inserted: 150 };
    expect(await finishRun(db, run, end({ counts, cursor, pulled: true, problem: null }))).toEqual(counts);
    const row = await runOf(run);
    expect(row).toMatchObject({ outcome: 'ok', pages: 2, fetched: 150, finished_at: expect.any(Date) });
    expect(await connectionRow()).toMatchObject({
      last_pull_at: row?.['started_at'],
      problem: null,
      cursor: new Date(Math.floor(cursor / 1000)),
    });
    expect(await finishRun(db, run, end())).toBeNull();
  });

  test('has not ended where what belongs to its end could not be done', async () => {
    const walk = await begun('walk');
    const together = () => Promise.reject(new Error('no'));
    await expect(finishRun(db, walk, { ...end(), together })).rejects.toThrow('no');
    expect(await runOf(walk)).toMatchObject({ outcome: null, finished_at: null });
    expect(await renewLease(db, walk)).toBe(true);
  });

  test('that pushed tells when, unless it failed', async () => {
    const good = await begun('push');
    await finishRun(db, good, end());
    await finishRun(db, await begun('push'), end({ outcome: 'failed', error: 'no answer' }));
    expect(await connectionRow()).toMatchObject({
      last_push_at: (await runOf(good))?.['started_at'],
      last_pull_at: null,
    });
  });

  test('that failed leaves cursor and pull as they were, and says what a person must do', async () => {
    await finishRun(db, await begun(), end({ cursor: 1_800_000_000_000_000, pulled: true }));
    const before = await connectionRow();
    const failed = end({ outcome: 'failed', error: 'bad key', problem: 'give a key' });
    await finishRun(db, await begun(), failed);
    const after = await connectionRow();
    expect(after).toMatchObject({ cursor: before?.['cursor'], last_pull_at: before?.['last_pull_at'] });
    expect(after?.['problem']).toBe('give a key');
    await finishRun(db, await begun(), failed);
    expect((await connectionRow())?.['version']).toBe(after?.['version']);
    await finishRun(db, await begun(), end());
    expect((await connectionRow())?.['problem']).toBe('give a key');
    await finishRun(db, await begun(), end({ problem: null }));
    expect((await connectionRow())?.['problem']).toBeNull();
  });

  test('an older pull that ends later does not set the time of the last one back', async () => {
    const walk = await begun('walk');
    const poll = await begun('poll');
    await finishRun(db, poll, end({ pulled: true }));
    await finishRun(db, walk, end({ pulled: true }));
    expect((await connectionRow())?.['last_pull_at']).toEqual((await runOf(poll))?.['started_at']);
  });
});

describe('a walk between two slices', () => {
  test('goes on as the same run', async () => {
    const walk = await begun('walk');
    await expect(resumeRun(db, walk)).rejects.toThrow(LeaseBusyError);
    await yieldWalk(db, walk);
    await expect(write(walk)).rejects.toThrow(LeaseLostError);
    const taken = await Promise.allSettled(Array.from({ length: 5 }, () => resumeRun(db, walk)));
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await write(walk);
    expect(await finishRun(db, walk, end())).not.toBeNull();
  });

  test('is over when another walk went first', async () => {
    const walk = await begun('walk');
    await yieldWalk(db, walk);
    const next = await begun('walk');
    await expect(resumeRun(db, walk)).rejects.toThrow(LeaseBusyError);
    expect(await runOf(walk)).toMatchObject({ outcome: 'interrupted' });
    expect(await renewLease(db, next)).toBe(true);
  });
});
