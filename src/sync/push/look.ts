import { databaseNow } from '../../mirror/database.js';
import { findNewcomers, standingOf } from '../../mirror/newcomers.js';
import { ApiError } from '../../sources/index.js';
import { columnsOf } from '../../sources/raw.js';
import type { Columns, Decoded, SingleAnswer, Source } from '../../sources/source.js';
import { type ArrivedPage, arrived, skewOf } from '../reconcile.js';
import type { NewTask } from './judge-create.js';
import type { Sender } from './sender.js';

/** A task that may be a create's work, as it was found. */
export interface Found extends NewTask {
  /** Whether it is there, and not deleted. */
  readonly there: boolean;
  /** The answer that showed it; null where the mirror or an event told of it, and the API listed it no more. */
  readonly seen: SingleAnswer | null;
  /** The row that a pull made for it, and that made it anew, as another task, after it was gone. */
  readonly anewBy: string | null;
}

/** All that came up at the API after some moment and that no local insert is known to have made. */
export interface Look {
  /** Microseconds since 1970. */
  readonly since: number;
  readonly beganAt: number;
  readonly found: readonly Found[];
  /** Whether the API counts more tasks than it has listed: one that was not found may be there all the same. */
  readonly short: boolean;
  /** When it began by this process's clock, in milliseconds since 1970. */
  readonly beganHere: number;
}

/** The last look of a run. One serves all creates that the API must have finished with when it began. */
export interface Looks {
  last: Look | null;
}

/** A list that left something out may be whole when it is looked at again. */
const SHORT_SERVES_MS = 15_000;
/** How far an API's own clocks may be apart, beyond the difference that its `Date` header shows. */
const CLOCK_SLACK_US = 600e6;
/** The overlap makes up for so much, and for far more. */
const CLOCK_NEAR_S = 60;
/** The APIs write one hour of the autumn an hour early. */
const AUTUMN_US = 3600e6;

/** What was deleted before the attempt is not its work, and a hint that is missed does little harm. */
const HINT_SLACK_S = 5;

/** A look that began at `notBefore` or later and goes back to `since`, both microseconds since 1970. */
export async function lookSince(sender: Sender, since: number, notBefore: number): Promise<Look> {
  const { looks } = sender;
  const { last } = looks;
  const now = sender.context.runtime.now();
  const old = last?.short === true && now - last.beganHere > SHORT_SERVES_MS;
  if (last !== null && !old && last.beganAt >= notBefore && last.since <= since) return last;
  looks.last = { ...(await look(sender, since)), beganHere: now };
  return looks.last;
}

async function look(sender: Sender, since: number): Promise<Omit<Look, 'beganHere'>> {
  const { context, source, connection } = sender;
  const beganAt = await databaseNow(context.db);
  const found = new Map<string, Found>();
  let skew: number | null = null;
  let short = false;
  for await (const page of changesSince(sender, since)) {
    skew ??= page.serverTime === null ? null : skewOf(page);
    short ||= page.short;
    const listed = page.tasks.map((decoded) => foundOn(source, page, decoded));
    for (const each of await unknownAmong(sender, since, listed)) found.set(each.key, each);
  }
  // What was there in between, and is listed no more.
  const changedSince = skew === null ? null : (since - CLOCK_SLACK_US - AUTUMN_US) / 1e6 + skew;
  const newcomers = await findNewcomers(context.db, source, connection, since, changedSince);
  for (const { id, raw, columns, firstSeenAt, anewBy } of newcomers) {
    const key = String(id);
    const task = raw === null ? columns : columnsOf(source.fields, raw);
    const there = raw !== null && task['vis_state'] !== 1;
    // The times in such a row are those of its other task.
    const born = birth(anewBy === null ? task : null, skew);
    if (!found.has(key))
      found.set(key, { key, columns: task, firstSeenAt, there, seen: null, anewBy, ...born });
  }
  const heard = (await deletedSince(sender, since / 1e6 + (skew ?? 0))).filter(
    (id) => !found.has(String(id)),
  );
  const gone = heard.map((id): Found => {
    return {
      key: String(id),
      columns: null,
      firstSeenAt: beganAt,
      there: false,
      seen: null,
      anewBy: null,
      ...birth(null, null),
    };
  });
  for (const each of await unknownAmong(sender, since, gone)) found.set(each.key, each);
  return { since, beganAt, found: [...found.values()], short };
}

/** The first answer tells how far the API's clock is behind ours: then what it has written down is earlier, too. */
async function* changesSince({ source, client, signal }: Sender, since: number): AsyncGenerator<ArrivedPage> {
  for (let behind = 0, known = false; !known; ) {
    known = true;
    for await (const each of client.changes(Math.floor(since / 1e6 + behind) - source.overlap, signal)) {
      const page = await arrived(each);
      const skew = skewOf(page);
      if (skew < behind - CLOCK_NEAR_S) {
        behind = skew;
        known = false;
        break;
      }
      yield page;
    }
  }
}

function foundOn(source: Source, page: ArrivedPage, decoded: Decoded): Found {
  const { requestedAt, answeredAt, serverTime } = page;
  const columns = decoded.ok
    ? { ...columnsOf(source.fields, decoded.task.raw), ...decoded.task.columns }
    : null;
  return {
    key: decoded.ok ? String(decoded.task.id) : (decoded.id ?? 'without an id'),
    columns,
    firstSeenAt: answeredAt,
    there: columns?.['vis_state'] !== 1,
    seen: decoded.ok ? { requestedAt, answeredAt, serverTime, answer: decoded } : null,
    anewBy: null,
    ...birth(columns, serverTime === null ? null : skewOf(page)),
  };
}

/** When a task may have been made: around the API's own word, or at any time before it was changed last. */
function birth(columns: Columns | null, skew: number | null): Pick<NewTask, 'madeFrom' | 'madeTo'> {
  const told = (name: string): number | null => {
    const value = columns?.[name];
    return typeof value === 'number' && skew !== null ? (value - skew) * 1e6 : null;
  };
  const created = told('created_at');
  const last = created ?? told('updated_at');
  return {
    madeFrom: created === null ? Number.NEGATIVE_INFINITY : created - CLOCK_SLACK_US,
    madeTo: last === null ? Number.POSITIVE_INFINITY : last + CLOCK_SLACK_US + AUTUMN_US,
  };
}

/** Those that the mirror did not hold then, with when it saw them first, and that are no local insert's. */
async function unknownAmong(
  { context, source, connection }: Sender,
  since: number,
  tasks: readonly Found[],
): Promise<readonly Found[]> {
  if (tasks.length === 0) return [];
  const keys = tasks.map(({ key }) => key);
  const standing = await standingOf(context.db, source, connection, keys);
  return tasks.flatMap((task) => {
    const { firstSeenAt, taken } = standing.get(task.key) ?? { firstSeenAt: null, taken: false };
    if (taken || (firstSeenAt ?? since + 1) <= since) return [];
    return [{ ...task, firstSeenAt: Math.min(firstSeenAt ?? task.firstSeenAt, task.firstSeenAt) }];
  });
}

/** Ids that the API says were deleted since then (seconds since 1970, by its clock). Only a hint: without it the look has less to go by. */
async function deletedSince({ client, signal }: Sender, since: number): Promise<readonly number[]> {
  const ids: number[] = [];
  try {
    for await (const some of client.deletionHints(Math.floor(since) - HINT_SLACK_S, signal))
      ids.push(...some);
  } catch (error) {
    if (!(error instanceof ApiError) || !NOT_TOLD.has(error.kind)) throw error;
  }
  return ids;
}

const NOT_TOLD: ReadonlySet<string> = new Set(['forbidden', 'not-found', 'invalid', 'unreadable']);
