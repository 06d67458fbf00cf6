import type { Logger } from 'pino';
import { TaskmirrorError } from '../errors.js';
import type { Queues } from '../jobs/queues.js';
import { enqueueNow } from '../jobs/requests.js';
import { reconcileSchedules, type WantedSchedule } from '../jobs/schedules.js';
import { type Connection, listConnections } from '../mirror/connections.js';
import { type Database, isUnavailable, unavailable } from '../mirror/database.js';
import { closeAbandoned } from '../mirror/runs.js';
import type { Runtime } from '../runtime.js';

export interface Schedules {
  readonly db: Database;
  readonly queues: Queues;
  readonly runtime: Runtime;
  readonly log: Logger;
  /** Whether this process has the connection's secret. */
  mine(connection: string): boolean;
  /** Brings up to date what `mine` tells, and what else must be looked at now and then. */
  refresh(): Promise<void>;
  readonly everyMs: number;
}

export interface KeptSchedules {
  /** Resolves after the first attempt. */
  readonly first: Promise<void>;
  /** Resolves when the signal has aborted. */
  readonly ended: Promise<void>;
  /** Has the connections looked at now. */
  wake(): void;
}

/**
 * Keeps the queue's schedules to what the connections say, and sees to it that what has never been read, or broke off, is read, and
 * that runs whose process ended are closed: at once and then every `everyMs`, sooner while a server is lost or when woken; but where there
 * are so many that this takes long, it rests so much longer that it takes a twentieth of the time, ten minutes at most.
 */
export function keepSchedules(schedules: Schedules, signal: AbortSignal): KeptSchedules {
  const told = new Set<string>();
  let alarm = new AbortController();
  signal.addEventListener('abort', () => alarm.abort(), { once: true });
  let tookMs = 0;
  const attempt = async (): Promise<boolean> => {
    const began = schedules.runtime.now();
    const well = await reconcile(schedules, told, signal);
    tookMs = schedules.runtime.now() - began;
    return well;
  };
  const first = attempt();
  const keep = async (): Promise<void> => {
    let well = await first;
    while (!signal.aborted) {
      const restMs =
        tookMs > LONG_MS ? Math.max(schedules.everyMs, Math.min(tookMs * REST, MOST_MS)) : schedules.everyMs;
      const ms = well ? restMs : Math.min(RETRY_MS, schedules.everyMs);
      await schedules.runtime.sleep(ms, alarm.signal).catch(() => {});
      // Made anew first: what wakes us during the attempt is worth another one.
      alarm = new AbortController();
      if (!signal.aborted) well = await attempt();
    }
  };
  return { first: first.then(() => {}), ended: keep(), wake: () => alarm.abort() };
}

const RETRY_MS = 5_000;
/** With 100,000 accounts a look takes half a minute of a core, in every worker. */
const LONG_MS = 3_000;
const REST = 20;
/** However long it took: it may have waited for a server, or the clock was set. */
const MOST_MS = 600_000;

/** False when a server could not be reached, or something else went wrong; which is said. */
async function reconcile(schedules: Schedules, told: Set<string>, signal: AbortSignal): Promise<boolean> {
  const { db, queues, log, mine } = schedules;
  try {
    await schedules.refresh();
    await closeAbandoned(db);
    const connections = await listConnections(db);
    const active = connections.filter(({ paused, unchosen }) => !paused && !unchosen);
    const wanted = active.flatMap(wantedFor);
    const { made, removed } = await reconcileSchedules(queues, wanted);
    if (made + removed > 0) log.info({ made, removed }, 'schedules brought up to date');
    for (const connection of active) {
      if (!mine(connection.name)) {
        sayOnce(connection.name, told, log);
        continue;
      }
      told.delete(connection.name);
      if (connection.cursor === null || connection.walkWaits) {
        await enqueueNow(queues, 'walk', connection.name);
      }
    }
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    const plain = isUnavailable(error) ? unavailable(db.url, error) : error;
    if (plain instanceof TaskmirrorError) log.warn(`${plain.message} Going on when it is back.`);
    else log.error({ err: error }, 'The schedules could not be brought up to date; trying again.');
    return false;
  }
}

function wantedFor({ name, pollEvery, sweepEvery }: Connection): readonly WantedSchedule[] {
  return [
    { connection: name, kind: 'poll', everyMs: pollEvery },
    { connection: name, kind: 'walk', everyMs: sweepEvery },
  ];
}

function sayOnce(connection: string, told: Set<string>, log: Logger): void {
  if (told.has(connection)) return;
  told.add(connection);
  log.warn(
    { connection },
    `This process has no secret for the connection ${connection}: it is left to workers that have one.`,
  );
}
