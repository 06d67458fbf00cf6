import type { Connection } from '../../mirror/connections.js';
import { noCounts } from '../../mirror/counts.js';
import { isUnavailable } from '../../mirror/database.js';
import type { Lease } from '../../mirror/leases.js';
import { findUnsynced } from '../../mirror/plan.js';
import { beginRun, type RunEnd } from '../../mirror/runs.js';
import { findDifferent, type MirrorRow } from '../../mirror/tasks.js';
import { listUnreadable } from '../../mirror/unreadable.js';
import {
  countMet,
  countWaiting,
  findUnanchored,
  findWalkUnderWay,
  forgetMet,
  noteMet,
} from '../../mirror/verify.js';
import { countAbsent, findAbsent } from '../../mirror/walks.js';
import { dryWriter } from '../../sources/dry-writer.js';
import { type Account, sources } from '../../sources/index.js';
import type { Page, RemoteTask } from '../../sources/source.js';
import type { SyncContext } from '../context.js';
import { recogniseAccount } from '../identity.js';
import { planRow } from '../plan.js';
import { prefetch } from '../prefetch.js';
import { runUnderLease } from '../run.js';
import { countable, idsOn } from '../walk.js';
import { compareRow } from './compare.js';
import { createFindings, type Findings } from './findings.js';
import { type Bench, judge } from './judge.js';
import { nothingFound, type Verification, type VerifyStep } from './report.js';
import { settle } from './settle.js';

/** How many pages are compared together at most, and so kept in memory. */
const MOST_PAGES = 10;
const JUDGED_AT_ONCE = 8;
/** So many tasks that the listing left out are asked for one by one. */
const MOST_ABSENT = 2_000;
const LISTED_MOST = 500;
const LOOK_MS = 500;

/**
 * Reads everything from the API and compares it with the mirror; changes neither. It is a run of kind `verify` and a walk like others: one at a
 * time, so one under way is waited for. A task that differs is read once more by itself, and compared with the row as it then is.
 * Throws only when the database can't be reached, and the signal's reason.
 */
export async function verify(
  context: SyncContext,
  connection: Connection,
  signal: AbortSignal,
  onStep: (step: VerifyStep) => void,
): Promise<Verification> {
  const { name, source: sourceName } = connection;
  const unknown = (reason: string, runId: string | null = null): Verification => {
    return { ...nothingFound, connection: name, source: sourceName, outcome: 'unknown', reason, runId };
  };
  const account = context.account(name);
  if (account === null) {
    return unknown(
      'this process has no secret of it; run verify where the worker runs, with the same environment',
    );
  }
  if (connection.paused) {
    return unknown(`it is paused, so nothing is asked of its API; to go on: taskmirror resume ${name}`);
  }
  if (connection.cursor === null) return unknown('its first read is not over');

  const lease = await takeLease(context, name, signal, onStep);
  const findings = createFindings(LISTED_MOST);
  const work = async (aborted: AbortSignal): Promise<RunEnd> => {
    const end = { cursor: null, pulled: false } as const;
    try {
      await readAll(context, connection, account, lease, findings, aborted, onStep);
      return { ...end, outcome: 'ok', counts: noCounts, error: findings.summary() };
    } catch (error) {
      if (aborted.aborted || isUnavailable(error)) throw error;
      // A verification must not tell of the connection what only pulling and pushing can: this process may be set up otherwise.
      return { ...end, outcome: 'failed', counts: noCounts, error: messageOf(error) };
    }
  };
  const end = await runUnderLease(context, lease, 'verify', signal, () => noCounts, work);
  await forgetMet(context.db, lease.runId);
  signal.throwIfAborted();
  if (end?.outcome !== 'ok') return unknown(end?.error ?? 'it broke off', lease.runId);
  return { connection: name, source: sourceName, runId: lease.runId, ...findings.report() };
}

/** Waits for the reading of everything that is under way: both would read the same, and share the account's budget. */
async function takeLease(
  { db, runtime }: SyncContext,
  connection: string,
  signal: AbortSignal,
  onStep: (step: VerifyStep) => void,
): Promise<Lease & { readonly startedAt: number }> {
  for (;;) {
    signal.throwIfAborted();
    const other = await findWalkUnderWay(db, connection);
    const lease =
      other === null
        ? await beginRun(db, { connection, kind: 'verify', lease: 'walk', request: null })
        : null;
    if (lease !== null) return lease;
    onStep({ state: 'waiting', for: other ?? 'walk' });
    await runtime.sleep(LOOK_MS, signal);
  }
}

async function readAll(
  context: SyncContext,
  connection: Connection,
  account: Account,
  lease: Lease & { readonly startedAt: number },
  findings: Findings,
  signal: AbortSignal,
  onStep: (step: VerifyStep) => void,
): Promise<void> {
  const { db } = context;
  const { name } = connection;
  const source = sources[account.source];
  const client = context.open(account, 'walk', name);
  try {
    await recogniseAccount(context, connection, source, account, client, signal);
    const unreadable = new Set((await listUnreadable(db, name)).map(({ id }) => id));
    const bench: Bench = {
      context,
      source,
      connection: name,
      client,
      startedAt: lease.startedAt,
      unreadable,
    };
    const judgeAll = (ids: readonly number[]) => judgeEach(bench, findings, ids, signal);

    let batch = 0;
    let seen = { pages: 0, rows: 0 };
    for await (const pages of prefetch(
      (aborted) => client.walk(null, aborted),
      { most: MOST_PAGES, runtime: context.runtime },
      signal,
    )) {
      const { suspects, fetched, failed } = await compareBatch(bench, findings, pages);
      await judgeAll(suspects);
      const counts = { ...noCounts, pages: pages.length, fetched, failed, unchanged: fetched - failed };
      const total = countable(pages[0]?.total);
      await noteMet(db, lease, { batch: ++batch, ids: idsOn(pages), counts, total });
      seen = { pages: seen.pages + pages.length, rows: seen.rows + fetched };
      onStep({ state: 'reading', ...seen, total });
    }
    const met = await countMet(db, lease.runId);
    if (met.batches !== batch)
      throw new Error('what was read was lost when the database crashed; run it again');
    await judgeAbsent(bench, findings, lease, judgeAll);
    for (const row of await findUnanchored(db, source, name, LISTED_MOST)) {
      findings.different({ ...row, kind: 'unmade', fields: [], behind: false });
    }
    await settle(bench, findings, judgeAll, signal, onStep);
    const waiting = await countWaiting(db, source, name);
    const writer = dryWriter(source.name);
    const failed = await findUnsynced(db, source, name, 'failed', { after: null, limit: LISTED_MOST });
    findings.end({
      ...waiting,
      tasks: met.tasks,
      refused: failed.map((row) => planRow(source, writer, row, false)),
    });
  } finally {
    await client.close();
  }
}

/** Compares pages with the rows, and gives what nothing explains at the first look. */
async function compareBatch(
  { context, source, connection }: Bench,
  findings: Findings,
  pages: readonly Page[],
): Promise<{ readonly suspects: readonly number[]; readonly fetched: number; readonly failed: number }> {
  const tasks = new Map<number, RemoteTask>();
  let fetched = 0;
  let failed = 0;
  for (const decoded of pages.flatMap((page) => page.tasks)) {
    fetched++;
    if (decoded.ok) tasks.set(decoded.task.id, decoded.task);
    else {
      failed++;
      findings.unreadable({ id: decoded.id ?? 'without an id', reason: decoded.reason });
    }
  }
  const different =
    tasks.size === 0
      ? new Map<number, MirrorRow | null>()
      : await findDifferent(context.db, source, connection, [...tasks.values()]);
  const suspects = [...different].flatMap(([id, row]) => {
    const task = tasks.get(id);
    if (task === undefined) return [];
    return row === null || compareRow(source, row, task).some(({ why }) => why === 'different') ? [id] : [];
  });
  return { suspects, fetched, failed };
}

async function judgeEach(
  bench: Bench,
  findings: Findings,
  ids: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  for (let at = 0; at < ids.length; at += JUDGED_AT_ONCE) {
    if (findings.full()) return findings.unjudged(ids.length - at);
    const some = ids.slice(at, at + JUDGED_AT_ONCE);
    const judged = await Promise.all(some.map((id) => judge(bench, id, signal)));
    for (const judgement of judged) findings.add(judgement);
  }
}

/** Looks at what the mirror holds as there and the API did not list. */
async function judgeAbsent(
  { context: { db }, source, connection }: Bench,
  findings: Findings,
  { runId, startedAt }: { readonly runId: string; readonly startedAt: number },
  judgeAll: (ids: readonly number[]) => Promise<void>,
): Promise<void> {
  const walk = { connection, walkId: runId, startedAt };
  const count = await countAbsent(db, source, walk);
  let looked = 0;
  for (let after = 0; looked < Math.min(count, MOST_ABSENT); ) {
    const ids = await findAbsent(db, source, walk, after, 50);
    const last = ids.at(-1);
    if (last === undefined) return;
    await judgeAll(ids);
    looked += ids.length;
    after = last;
  }
  if (looked < count) findings.unjudged(count - looked);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
