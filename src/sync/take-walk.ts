import type { Connection } from '../mirror/connections.js';
import { noCounts } from '../mirror/counts.js';
import { type Lease, leaseRemaining, resumeRun, yieldLease } from '../mirror/leases.js';
import { beginRun, finishRun, type RunKind } from '../mirror/runs.js';
import { closeWalk, findWalk, openWalk, reopenWalk, type Walk, walkIsWhole } from '../mirror/walks.js';
import type { Source } from '../sources/source.js';
import type { SyncContext } from './context.js';
import type { ResyncRequest } from './work.js';

/** A walk whose lease is ours, and whether it is the one that was asked for. */
export interface Taken {
  readonly walk: Walk;
  readonly lease: Lease;
  readonly mine: boolean;
}

/** Longer than this between two pages, and a source that reads in order must begin again. */
const LONGEST_PAUSE_S = 30;

/**
 * Takes the connection's walk: the one between two slices, whoever asked for it; else one that broke off, from its place
 * where the source can; else a new one. A request does not go on with another's walk that broke off, since that has passed
 * what changed before it; only a first read is always gone on with. Who asked for a walk that a schedule goes on with is told of
 * its end. Gives milliseconds to wait when another process is at it.
 */
export async function takeWalk(
  context: SyncContext,
  connection: Connection,
  source: Source,
  request: ResyncRequest | null,
): Promise<Taken | { readonly busyMs: number }> {
  const { db } = context;
  const { name } = connection;
  const there = await findWalk(db, name);
  if (there?.over) await closeWalk(db, there);
  const found = there?.over ? null : there;
  const busy = async () => ({ busyMs: await leaseRemaining(db, name, 'walk') });

  if (found?.yielded && found.runOpen && (source.resumable || found.idleSeconds < LONGEST_PAUSE_S)) {
    const lease: Lease = { connection: name, kind: 'walk', runId: found.runId };
    if (!(await resumeRun(db, lease))) return busy();
    if (!(await isStill(context, name, found))) {
      await yieldLease(db, lease);
      return { busyMs: 0 };
    }
    return { walk: found, lease, mine: found.request === (request?.id ?? null) };
  }

  const goesOn =
    found !== null && (request === null || found.kind === 'read' || found.request === request.id);
  const asked = request?.id ?? (goesOn ? found.request : null);
  const kind: RunKind = goesOn ? found.kind : newKind(connection, request);
  const lease = await beginRun(db, { connection: name, kind, lease: 'walk', request: asked });
  if (lease === null) return busy();
  if (!(await isStill(context, name, found))) {
    await finishRun(db, lease, {
      outcome: 'interrupted',
      counts: noCounts,
      error: 'another worker went first',
      cursor: null,
      pulled: false,
    });
    return { busyMs: 0 };
  }

  if (goesOn) {
    const fromStart = !source.resumable || !(await walkIsWhole(db, found));
    await reopenWalk(db, found, {
      runId: lease.runId,
      request: asked,
      force: request?.force ?? false,
      fromStart,
    });
  } else {
    if (found !== null) await closeWalk(db, found);
    await openWalk(db, {
      connection: name,
      runId: lease.runId,
      kind,
      request: asked,
      force: request?.force ?? false,
      startedAt: lease.startedAt,
    });
  }
  const walk = await findWalk(db, name);
  if (walk?.runId !== lease.runId) throw new Error(`the walk of ${name} vanished`);
  return { walk, lease, mine: true };
}

function newKind({ cursor }: Connection, request: ResyncRequest | null): RunKind {
  if (cursor === null) return 'read';
  return request ? 'resync' : 'sweep';
}

/** Whether nobody touched the walk, or made one, between our look at it and our taking its lease. */
async function isStill({ db }: SyncContext, connection: string, seen: Walk | null): Promise<boolean> {
  const now = await findWalk(db, connection);
  return now?.walkId === seen?.walkId && now?.runId === seen?.runId && now?.batches === seen?.batches;
}
