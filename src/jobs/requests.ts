import type { Runtime } from '../runtime.js';
import type { ResyncRequest, WorkKind } from '../sync/work.js';
import { REQUESTED, SCHEDULED } from './options.js';
import { contentOf, parseJobData, type WorkQueue } from './payload.js';
import { type Queues, reach } from './queues.js';

export interface Resync {
  readonly connection: string;
  readonly full: boolean;
  /** Seconds since 1970, or null. */
  readonly since: number | null;
  readonly force: boolean;
}

export interface Requested {
  readonly kind: WorkKind;
  readonly jobId: string;
  /** As it stands in the queue: of the earlier request where this one asks for the same. */
  readonly request: ResyncRequest;
  readonly deduplicated: boolean;
}

/**
 * Enqueues a manual resync. A request that asks for exactly the same and has not begun is taken instead of a second one:
 * one that runs may have passed the change that this one is for, and one that asks for less would swallow it. Throws
 * `unavailable`.
 */
export async function requestResync(queues: Queues, resync: Resync): Promise<Requested> {
  const { connection, ...wish } = resync;
  const kind: WorkKind = wish.full ? 'walk' : 'poll';
  const queue = queues.queues[kind];
  const content = contentOf(connection, wish);
  return reach(queues, async () => {
    const postponed = await findPostponed(queue, content);
    if (postponed) return postponed;

    const request: ResyncRequest = { id: makeId(queues.runtime), ...wish };
    // The worker gives up the deduplication key before it begins; BullMQ does it only when the job ends.
    const options = { ...REQUESTED, jobId: request.id, deduplication: { id: content } };
    const job = await queue.add(kind, { connection, request }, options);
    if (job.id === undefined || job.id === request.id)
      return { kind, jobId: request.id, request, deduplicated: false };

    const earlier = await queue.getJob(job.id);
    // It ended in between: whatever it read, it read after this request was made.
    const asked = earlier && parseJobData(earlier.data).request;
    return { kind, jobId: job.id, request: asked ?? { ...request, id: job.id }, deduplicated: true };
  });

  /** A request that could not begin yet (busy, or no worker with the secret) holds no deduplication key any more. */
  async function findPostponed(queue: WorkQueue, content: string): Promise<Requested | null> {
    for (const job of await queue.getDelayed(0, POSTPONED_LIMIT)) {
      const data = parseJobData(job.data);
      if (!data.request || data.begun || contentOf(data.connection, data.request) !== content) continue;
      return { kind, jobId: data.request.id, request: data.request, deduplicated: true };
    }
    return null;
  }
}

/**
 * Asks for a connection's scheduled work now, the first read at start for example. Does nothing while such a job waits
 * or runs, so that it may be called again and again. Throws `unavailable`.
 */
export async function enqueueNow(queues: Queues, kind: WorkKind, connection: string): Promise<void> {
  const options = { ...REQUESTED, removeOnComplete: true, deduplication: { id: `now ${connection}` } };
  await reach(queues, () => queues.queues[kind].add(kind, { connection }, options));
}

/**
 * Asks for a connection's local changes to be sent. While such a job waits this does nothing; while one runs another is made to
 * follow it, since it may have passed the change. Throws `unavailable`.
 */
export async function enqueuePush(queues: Queues, connection: string): Promise<void> {
  const deduplication = { id: `push ${connection}`, keepLastIfActive: true };
  const options = { ...REQUESTED, removeOnComplete: true, deduplication };
  await reach(queues, () => queues.queues.push.add('push', { connection }, options));
}

/**
 * The same for what a scan has found, which comes back by itself every `everyMs`. While one waits or runs this does nothing: of a queue that
 * is behind no scan makes more than one a connection. After ten scans it makes another all the same, so that it is a net under `enqueuePush`,
 * and under itself where the queue has lost one. Throws `unavailable`.
 */
export async function enqueueScanned(queues: Queues, connection: string, everyMs: number): Promise<void> {
  const window = Math.floor(queues.runtime.now() / (everyMs * SCANS_AT_ONCE));
  const jobId = `scan-${encodeURIComponent(connection)}-${window}`;
  // Once it has ended its id is free again.
  const options = { ...SCHEDULED, jobId, removeOnComplete: true, removeOnFail: true };
  await reach(queues, () => queues.queues.push.add('push', { connection, everyMs }, options));
}

const SCANS_AT_ONCE = 10;

/** Sorts by time and is told from all others. BullMQ allows no number and no colon. */
function makeId(runtime: Runtime): string {
  const time = runtime.now().toString(36);
  const chance = Math.floor(runtime.random() * 2 ** 48).toString(36);
  return `resync-${time}-${chance}`;
}

/** Those that are due soonest come first, and a postponed request is due within seconds. */
const POSTPONED_LIMIT = 200;
