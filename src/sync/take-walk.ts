import { type Connection, findConnection } from '../mirror/connections.js';
import type { Executor } from '../mirror/database.js';
import { type Lease, LeaseBusyError, leaseRemaining, lockLease, resumeRun } from '../mirror/leases.js';
import { beginRunIn, findEnded, type RunKind } from '../mirror/runs.js';
import { closeWalk, findWalk, openWalk, reopenWalk, type Walk, walkIsWhole } from '../mirror/walks.js';
import type { Source } from '../sources/source.js';
import type { SyncContext } from './context.js';
import type { ResyncRequest, Work, WorkResult } from './work.js';

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
 * its end. Nobody else can take or end it meanwhile. Gives the work's result where there is nothing to do, or another process is at it.
 */
export async function takeWalk({ db }: SyncContext, work: Work, source: Source): Promise<Taken | WorkResult> {
  const name = work.connection;
  const needless = await alreadyDone(db, work);
  if (needless !== null) return needless;
  return db
    .transaction(async (tx) => {
      await lockLease(tx, name, 'walk');
      // Who was waited for may have done it.
      return (await alreadyDone(tx, work)) ?? (await take(tx, name, source, work.request ?? null));
    })
    .catch(async (error: unknown): Promise<WorkResult> => {
      if (!(error instanceof LeaseBusyError)) throw error;
      return { state: 'busy', retryAfterMs: await leaseRemaining(db, name, 'walk') };
    });
}

/** A request is done when its run is, whoever worked on it. */
async function alreadyDone(
  db: Executor,
  { connection, request, continued }: Work,
): Promise<WorkResult | null> {
  if (request) {
    const ended = await findEnded(db, request.id);
    return ended && { state: 'done', ...ended };
  }
  if (!continued || (await findWalk(db, connection)) !== null) return null;
  return { state: 'skipped', reason: 'another job ended what it went on with' };
}

async function take(
  tx: Executor,
  name: string,
  source: Source,
  request: ResyncRequest | null,
): Promise<Taken> {
  const [connection, there] = [await findConnection(tx, name), await findWalk(tx, name)];
  if (connection === null) throw new LeaseBusyError();
  if (there?.over) await closeWalk(tx, there);
  const found = there?.over ? null : there;

  if (found?.yielded && found.runOpen && (source.resumable || found.idleSeconds < LONGEST_PAUSE_S)) {
    const lease: Lease = { connection: name, kind: 'walk', runId: found.runId };
    await resumeRun(tx, lease);
    return { walk: found, lease, mine: found.request === (request?.id ?? null) };
  }

  const goesOn =
    found !== null && (request === null || found.kind === 'read' || found.request === request.id);
  const asked = request?.id ?? (goesOn ? found.request : null);
  const kind: RunKind = goesOn ? found.kind : newKind(connection, request);
  const lease = await beginRunIn(tx, { connection: name, kind, lease: 'walk', request: asked });
  if (goesOn) {
    const fromStart = !source.resumable || !(await walkIsWhole(tx, found));
    await reopenWalk(tx, found, {
      runId: lease.runId,
      request: asked,
      force: request?.force ?? false,
      fromStart,
    });
  } else {
    if (found !== null) await closeWalk(tx, found);
    await openWalk(tx, {
      connection: name,
      runId: lease.runId,
      kind,
      request: asked,
      force: request?.force ?? false,
      startedAt: lease.startedAt,
    });
  }
  const walk = await findWalk(tx, name);
  // Of a connection's first walk there was no lease yet to keep others from.
  if (walk?.runId !== lease.runId) throw new LeaseBusyError();
  return { walk, lease, mine: true };
}

function newKind({ cursor }: Connection, request: ResyncRequest | null): RunKind {
  if (cursor === null) return 'read';
  return request ? 'resync' : 'sweep';
}
