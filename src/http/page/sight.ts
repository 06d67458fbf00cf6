import { FieldError } from '../../fields.js';
import { type QueueState, queueState } from '../../jobs/state.js';
import { readActivity, type Stretch } from '../../mirror/activity.js';
import { type Conflict, listConflicts } from '../../mirror/conflicts.js';
import { findConnection } from '../../mirror/connections.js';
import { databaseNow } from '../../mirror/database.js';
import { countLinks, type ListedLink, listLinks } from '../../mirror/list-links.js';
import { inSnapshot } from '../../mirror/plan.js';
import { countRows, type RowCounts } from '../../mirror/row-counts.js';
import { type ConnectionRun, readEventfulRuns } from '../../mirror/run-status.js';
import { type ConnectionStanding, readStandings } from '../../mirror/status.js';
import { sources } from '../../sources/index.js';
import { type Plan, planPush } from '../../sync/plan.js';
import { type Report, reportOf } from '../../words/report.js';
import { bounded, shared } from '../bounded.js';
import type { Parts } from '../parts.js';
import { problemOf } from './problem.js';
import { refreshed } from './refreshed.js';

/** All that the page shows at one moment. */
export interface Sight {
  /** By this machine's clock, milliseconds since 1970. */
  readonly at: number;
  readonly stopping: boolean;
  readonly push: boolean;
  readonly report: Report<ConnectionStanding>;
  /** Null until they are counted, which takes a scan of the task tables. */
  readonly rows: ReadonlyMap<string, RowCounts> | null;
  readonly lastDay: LastDay | null;
  /** Of connections with rows that are not synced; no more rows each than `MOST_ROWS`. */
  readonly plans: readonly Plan[];
  readonly conflicts: { readonly conflicts: readonly Conflict[]; readonly total: number };
  readonly runs: readonly ConnectionRun[];
  /** Those that are ambiguous or failed; no more than `MOST_LINKS`. */
  readonly troubledLinks: TroubledLinks;
}

export interface TroubledLinks {
  readonly links: readonly ListedLink[];
  readonly total: number;
}

export interface LastDay {
  /** Microseconds since 1970, by the database's clock. */
  readonly since: number;
  readonly until: number;
  readonly stretches: readonly Stretch[];
}

/** What can't be seen now, and why, in a sentence with its cure. */
export interface Blindness {
  readonly at: number;
  readonly problem: string;
}

export const MOST_ROWS = 20;
export const MOST_CONFLICTS = 20;
export const MOST_RUNS = 20;
export const MOST_LINKS = 20;
/** Of connections with unsynced rows, of which there may be a thousand. */
const MOST_PLANS = 8;
/** A quarter of an hour each. */
export const STRETCHES = 96;
export const STRETCH_SECONDS = 900;

/** Looks at the mirror and the queue. Any number who look at a time cost one; what takes a scan is kept for a while. Never throws. */
export function createLook(parts: Parts): () => Promise<Sight | Blindness> {
  const { pageDb: db, runtime, log, settings, daemon } = parts;
  const tables = Object.values(sources);
  const rows = refreshed(() => countRows(db, tables), { runtime, log, everyMs: 2_000, waitMs: PATIENCE_MS });
  const lastDay = refreshed(() => readLastDay(parts), {
    runtime,
    log,
    everyMs: 15_000,
    waitMs: PATIENCE_MS,
  });
  const links = refreshed(() => readLinks(parts), { runtime, log, everyMs: 2_000, waitMs: PATIENCE_MS });
  const queues = refreshed(() => readQueues(parts), { runtime, log, everyMs: 2_000, waitMs: PATIENCE_MS });

  const see = async (): Promise<Sight> => {
    const standings = await readStandings(db, tables);
    const [states, counts, day, plans, conflicts, runs, linked] = await Promise.all([
      queues(),
      rows(),
      lastDay(),
      readPlans(parts, standings),
      listConflicts(db, tables, { connection: null, restored: false, limit: MOST_CONFLICTS }),
      readEventfulRuns(db, MOST_RUNS),
      links(),
    ]);
    const at = runtime.now();
    const report = reportOf(at, standings, states ?? { problem: '' }, linked?.counts ?? null);
    const { push } = settings;
    return {
      at,
      stopping: daemon.stopping,
      push,
      report,
      rows: counts,
      lastDay: day,
      plans,
      conflicts,
      runs,
      troubledLinks: linked?.troubled ?? NO_LINKS,
    };
  };
  return shared(() =>
    bounded(LOOK_MS, see(), runtime).catch((error: unknown) => ({
      at: runtime.now(),
      problem: problemOf(error, parts),
    })),
  );
}

/** No longer than nobody notices. What is not known by then comes with the next look. */
const PATIENCE_MS = 50;
const LOOK_MS = 6_000;

async function readLastDay({ pageDb }: Parts): Promise<LastDay> {
  const until = await databaseNow(pageDb);
  const since = until - STRETCHES * STRETCH_SECONDS * 1e6;
  return { since, until, stretches: await readActivity(pageDb, since, STRETCH_SECONDS) };
}

const NO_LINKS: TroubledLinks = { links: [], total: 0 };

async function readLinks({ pageDb }: Parts) {
  const counts = await countLinks(pageDb);
  const trouble = counts !== null && counts.ambiguous + counts.failed > 0;
  const troubled = trouble
    ? await listLinks(pageDb, { ended: false, troubled: true, limit: MOST_LINKS })
    : NO_LINKS;
  return { counts, troubled };
}

async function readQueues({ daemon }: Parts): Promise<readonly QueueState[] | { readonly problem: string }> {
  const { queues } = daemon;
  if (queues === null)
    return { problem: 'The queue is not open yet: the log says what the daemon waits for.' };
  try {
    return await queueState(queues);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function readPlans(
  { pageDb, settings, log }: Parts,
  standings: readonly ConnectionStanding[],
): Promise<readonly Plan[]> {
  const unsynced = standings.filter(({ pending, failed }) => pending + failed > 0).slice(0, MOST_PLANS);
  if (unsynced.length === 0) return Promise.resolve([]);
  return inSnapshot(pageDb, async (tx) => {
    const plans: Plan[] = [];
    for (const { name } of unsynced) {
      const connection = await findConnection(tx, name);
      const source = Object.values(sources).find((each) => each.name === connection?.source);
      if (!connection || !source) continue;
      try {
        plans.push(await planPush(tx, connection, source, settings.deleteLimit, MOST_ROWS));
      } catch (error) {
        // A row that can't be planned is no reason to show nothing of all else.
        if (!(error instanceof FieldError)) throw error;
        log.error({ err: error, connection: name }, 'A row could not be planned for the status page.');
      }
    }
    return plans;
  });
}
