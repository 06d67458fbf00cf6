import { type Connection, findConnection } from '../mirror/connections.js';
import type { Executor } from '../mirror/database.js';
import { type Lease, LeaseBusyError, leaseRemaining, lockLease, resumeRun } from '../mirror/leases.js';
import { beginRunIn, type RunKind } from '../mirror/runs.js';
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
 * its end. Nobody else can take or end it meanwhile. Gives milliseconds to wait when another process is at it.
 */
export async function takeWalk(
  { db }: SyncContext,
  name: string,
  source: Source,
  request: ResyncRequest | null,
): Promise<Taken | { readonly busyMs: number }> {
  return db
    .transaction((tx) => take(tx, name, source, request))
    .catch(async (error: unknown) => {
      if (!(error instanceof LeaseBusyError)) throw error;
      return { busyMs: await leaseRemaining(db, name, 'walk') };
    });
}

async function take(
  tx: Executor,
  name: string,
  source: Source,
  request: ResyncRequest | null,
): Promise<Taken> {
  await lockLease(tx, name, 'walk');
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
  if (walk?.runId !== lease.runId) throw new Error(`the walk of ${name} vanished`);
  return { walk, lease, mine: true };
}

function newKind({ cursor }: Connection, request: ResyncRequest | null): RunKind {
  if (cursor === null) return 'read';
  return request ? 'resync' : 'sweep';
}
