import type { JobSchedulerJson } from 'bullmq';
import type { WorkKind } from '../sync/work.js';
import { KINDS } from './kinds.js';
import { SCHEDULED } from './options.js';
import type { WorkQueue } from './payload.js';
import { type Queues, reach } from './queues.js';

export interface WantedSchedule {
  readonly connection: string;
  readonly kind: WorkKind;
  readonly everyMs: number;
}

export interface Reconciled {
  readonly kept: number;
  /** Made, or made anew: missing, with another interval, or stuck. */
  readonly made: number;
  readonly removed: number;
}

/**
 * Makes the schedules in the queue those that are wanted, which must be the connections of all workers. To be called at
 * start and every few minutes: it writes nothing when they are right, and brings them back after the queue was flushed.
 * Any number of workers may call it at the same time. Throws `unavailable`.
 */
export async function reconcileSchedules(
  queues: Queues,
  wanted: readonly WantedSchedule[],
): Promise<Reconciled> {
  const counts = { kept: 0, made: 0, removed: 0 };
  const change = async () => {
    for (const kind of KINDS) {
      const ofKind = wanted.filter((schedule) => schedule.kind === kind);
      const atOnce = queues.backend.changesAtOnce;
      await reconcileQueue(queues.queues[kind], ofKind, queues.runtime.now(), atOnce, counts);
    }
  };
  await reach(queues, () => queues.backend.exclusively(change));
  return counts;
}

/** The connection that a scheduler's key stands for. */
export function connectionOf(key: string): string {
  return decodeURIComponent(key);
}

async function reconcileQueue(
  queue: WorkQueue,
  wanted: readonly WantedSchedule[],
  now: number,
  atOnce: number,
  counts: { kept: number; made: number; removed: number },
): Promise<void> {
  const present = new Map(
    (await queue.getJobSchedulers(0, -1)).map((scheduler) => [scheduler.key, scheduler]),
  );
  const keys = new Set(wanted.map((schedule) => keyOf(schedule.connection)));
  await inLanes(atOnce, [...present.keys()], async (key) => {
    if (keys.has(key)) return;
    await queue.removeJobScheduler(key);
    counts.removed++;
  });
  await inLanes(atOnce, wanted, async (schedule) => {
    const scheduler = present.get(keyOf(schedule.connection));
    if (scheduler && isRight(scheduler, schedule, now)) {
      counts.kept++;
      return;
    }
    // An upsert keeps the next run's time where the interval is unchanged; a time that is too far must go.
    if (scheduler && isTooFar(scheduler, schedule, now)) await queue.removeJobScheduler(scheduler.key);
    await queue.upsertJobScheduler(
      keyOf(schedule.connection),
      { every: schedule.everyMs, offset: offsetOf(schedule) },
      {
        name: schedule.kind,
        data: { connection: schedule.connection, everyMs: schedule.everyMs },
        opts: SCHEDULED,
      },
    );
    counts.made++;
  });
}

/** Each item once, so many at a time. */
async function inLanes<Item>(
  lanes: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const lane = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function isRight(scheduler: JobSchedulerJson, schedule: WantedSchedule, now: number): boolean {
  return (
    scheduler.every === schedule.everyMs &&
    scheduler.offset === offsetOf(schedule) &&
    !isTooFar(scheduler, schedule, now) &&
    !isOverdue(scheduler, schedule, now)
  );
}

/** On PostgreSQL a schedule that missed a run may leave out the next one too. */
function isTooFar(scheduler: JobSchedulerJson, schedule: WantedSchedule, now: number): boolean {
  return (scheduler.next ?? 0) > now + schedule.everyMs + CLOCKS_MS;
}

/** Its job was removed by hand, or was never made; or no worker is there, and making it anew changes nothing. */
function isOverdue(scheduler: JobSchedulerJson, schedule: WantedSchedule, now: number): boolean {
  return (scheduler.next ?? 0) < now - schedule.everyMs - CLOCKS_MS;
}

/** BullMQ takes keys with many colons for those of an older version. */
function keyOf(connection: string): string {
  return encodeURIComponent(connection);
}

/**
 * When in its interval a schedule runs: spread evenly over the accounts, and the same in every process, so that two that
 * make it at once make the same job. Never 0, which means "now" to BullMQ.
 */
function offsetOf({ connection, kind, everyMs }: WantedSchedule): number {
  return 1 + (hash(`${kind} ${connection}`) % Math.max(1, everyMs - 1));
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}

const CLOCKS_MS = 60_000;
