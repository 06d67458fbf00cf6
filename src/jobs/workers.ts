import type { Processor } from 'bullmq';
import { linkedTo } from '../sources/http/abort.js';
import type { Perform, WorkKind } from '../sync/work.js';
import type { WorkerSettings } from './backend.js';
import { handleJob } from './handle.js';
import { CONCURRENCY, KINDS, QUEUE_NAMES } from './kinds.js';
import type { JobData, JobResult, WorkWorker } from './payload.js';
import type { Queues } from './queues.js';
import { messageOf } from './reports.js';

export interface WorkersOptions {
  readonly concurrency?: Partial<Record<WorkKind, number>>;
  /** See `WorkerSettings`. A job of a killed process is taken over after about the sum of both (on PostgreSQL twice that). */
  readonly lockDuration?: number;
  readonly stalledInterval?: number;
}

export interface Workers {
  /** The kinds of work that this process takes from their queues now. */
  attached(): readonly WorkKind[];
  /**
   * Takes no new work, tells the runs under way to stop, and waits for them. What has not stopped in time is left to
   * other workers, which take it over when its lock has run out. Never throws.
   */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Starts a worker for each kind. They go on by themselves after the queue was lost, restarted or flushed. A job may run
 * twice (a process that dies, or stands still for longer than `lockDuration`), so `perform` must bear that.
 */
export async function startWorkers(
  queues: Queues,
  perform: Perform,
  options: WorkersOptions = {},
): Promise<Workers> {
  const stop = new AbortController();
  const connections = queues.backend.makeWorkers();
  const workers = new Map<WorkKind, WorkWorker>();
  const running = new Set<WorkKind>();
  const make = (kind: WorkKind): WorkWorker => {
    // BullMQ gives a signal only to a function whose `length` is 3: no parameter may have a default.
    const process: Processor<JobData, JobResult> = async (job, token, signal) => {
      // Not `AbortSignal.any`: of each signal that it makes Node 20 keeps something for as long as `stop` lives.
      const either = linkedTo(...(signal ? [signal] : []), stop.signal);
      const held = { queues, kind, job, token: token ?? '', signal: either.signal, stop: stop.signal };
      try {
        return await handleJob(held, perform);
      } finally {
        either.unlink();
      }
    };
    const worker = connections.makeWorker(QUEUE_NAMES[kind], process, settingsOf(kind, options));
    watch(worker, kind, queues);
    workers.set(kind, worker);
    return worker;
  };
  const attached = Promise.all(
    KINDS.map((kind) =>
      attach(
        queues,
        () => make(kind),
        stop.signal,
        (runs) => mark(running, kind, runs),
      ),
    ),
  );
  // So that they count as workers when we return. If the server has just gone, they attach when it is back.
  await settlesWithin(queues, attached, READY_MS);

  const close = async (timeoutMs: number): Promise<void> => {
    // First close, then cancel: a job that gives up early would be fetched again.
    const closed = Promise.allSettled([...workers.values()].map((worker) => worker.close()));
    stop.abort(new Error('The worker stops.'));
    if (!(await settlesWithin(queues, closed, timeoutMs))) {
      queues.log.warn('Some jobs did not stop in time; other workers will take them over.');
      const cut = Promise.allSettled([...workers.values()].map((worker) => worker.disconnect()));
      await settlesWithin(queues, cut, FORCE_MS);
    }
    await settlesWithin(queues, connections.close(), FORCE_MS);
  };
  let closing: Promise<void> | null = null;
  return {
    attached: () => (stop.signal.aborted ? [] : KINDS.filter((kind) => running.has(kind))),
    close: (timeoutMs) => {
      closing ??= close(timeoutMs);
      return closing;
    },
  };
}

/** A worker that could not get ready the first time never does, so another is made. */
async function attach(
  queues: Queues,
  make: () => WorkWorker,
  stop: AbortSignal,
  mark: (runs: boolean) => void,
): Promise<void> {
  while (!stop.aborted) {
    const worker = make();
    try {
      await worker.waitUntilReady();
      // It ends when it is closed, and by nothing else that we know of.
      worker
        .run()
        .catch(queues.report)
        .finally(() => mark(false));
      mark(true);
      return;
    } catch (error) {
      if (stop.aborted) return;
      queues.report(error);
      await worker.close();
      await queues.runtime.sleep(ATTACH_MS, stop).catch(() => {});
    }
  }
}

function mark(running: Set<WorkKind>, kind: WorkKind, runs: boolean): void {
  if (runs) running.add(kind);
  else running.delete(kind);
}

function settingsOf(kind: WorkKind, options: WorkersOptions): WorkerSettings {
  return {
    concurrency: options.concurrency?.[kind] ?? CONCURRENCY[kind],
    lockDuration: options.lockDuration ?? 30_000,
    // BullMQ takes a job over at the second look that finds it without a lock: with looks half a minute apart, after more than a minute.
    stalledInterval: options.stalledInterval ?? 15_000,
  };
}

function watch(worker: WorkWorker, kind: WorkKind, { log }: Queues): void {
  worker.on('stalled', (jobId) => {
    log.warn({ kind, job: jobId }, 'A job was taken over from a worker that is gone.');
  });
  // Its lock is lost, so another worker may have begun the same job.
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) worker.cancelJob(jobId, 'its lock was lost');
  });
  worker.on('failed', (job, error) => {
    log.debug({ kind, connection: job?.data.connection, job: job?.id }, `A job failed: ${messageOf(error)}`);
  });
}

async function settlesWithin(
  { runtime }: Queues,
  work: Promise<unknown>,
  timeoutMs: number,
): Promise<boolean> {
  const timer = new AbortController();
  const timeout = runtime.sleep(timeoutMs, timer.signal).then(
    () => false,
    () => false,
  );
  const settled = work.then(
    () => true,
    () => true,
  );
  const first = await Promise.race([settled, timeout]);
  timer.abort();
  return first;
}

const ATTACH_MS = 500;
const READY_MS = 2_000;
const FORCE_MS = 1_000;
