import { isDeepStrictEqual } from 'node:util';
import { databaseNow } from '../../mirror/database.js';
import { asWorker } from '../../mirror/leases.js';
import { dropUnmade } from '../../mirror/made.js';
import { firstWholePoll, standingOf } from '../../mirror/newcomers.js';
import { type PendingRow, refuse } from '../../mirror/pending.js';
import { countSent, endWrite, type SavedWrite, undecidedCreates } from '../../mirror/writes.js';
import type { SingleAnswer } from '../../sources/source.js';
import { columnsIn, localColumns } from '../reconcile.js';
import { create } from './create.js';
import { judgeCreate, type Verdict } from './judge-create.js';
import { type Found, lookSince } from './look.js';
import { OwnedError } from './made.js';
import { putRowOff } from './put-off.js';
import { rest } from './rest.js';
import { settleAnswer } from './send.js';
import type { Sender } from './sender.js';

/** Invoiced keeps a key's first answer for 24 h. */
const KEY_LIVES_US = 23 * 3600 * 1e6;
/** A key whose kept answer is an error gives it again and again; a look that found nothing is proof enough. */
const MOST_WITH_ONE_KEY = 2;
/** A poll goes back further than this from its start, whatever an API's clock does. */
const EVERY_POLL_SHOWS_US = 300e6;
/** A list that holds less than it counts may be whole again soon. One that stays so is a person's to look into. */
const SHORT_MS = 30_000;
const SHORT_UNTIL_US = 300e6;
/** While another create of which more will be known soon may have made what was found. */
const EARLY_MS = 1_000;

/**
 * Settles a create of which it isn't known whether it arrived, once the API must have finished with it: looks at the API for what came up
 * after it was sent, and adopts, makes again or leaves to a person what `judgeCreate` says.
 */
export async function resolveUnknownCreate(
  sender: Sender,
  row: PendingRow,
  write: SavedWrite,
): Promise<void> {
  const { client, signal } = sender;
  const deletedHere = row.columns['vis_state'] === 1;
  if (write.decision === 'create')
    return deletedHere ? forget(sender, row, write) : create(sender, row, [write]);
  if (write.decision === 'adopt' && write.adoptId !== null) {
    return adopt(sender, row, write, await client.read(write.adoptId, signal));
  }

  const { verdict, short } = await judge(sender, write);
  if (verdict.is === 'early') {
    const reason = 'another create that may have made the same task is under way or of unknown outcome';
    return putRowOff(sender, row, { reason, afterMs: EARLY_MS, waits: true });
  }
  if (verdict.is === 'made') return adoptFound(sender, row, write, verdict.task);
  // Whatever it made is deleted on both sides.
  const gone = verdict.is === 'absent' || verdict.tasks.every(({ there }) => !there);
  if (gone && short) return waitForWholeList(sender, row, write);
  if (gone && deletedHere && write.outcome !== 'ok') return forget(sender, row, write);
  if (verdict.is === 'unclear') return leaveToPerson(sender, row, wordsFor(row, verdict.tasks));
  if (write.outcome === 'ok') return leaveToPerson(sender, row, wordsFor(row, []));
  await createAgain(sender, row, write);
}

/** What it made may be what the list leaves out. */
async function waitForWholeList(sender: Sender, row: PendingRow, write: SavedWrite): Promise<void> {
  const { context } = sender;
  const wholeBy = write.sentAt + context.push.finishedAfterMs * 1000 + SHORT_UNTIL_US;
  const made = write.outcome === 'ok' ? 'the task was made' : 'whether the task was made is not known';
  const reason = `${made}, and ${sender.connection} counts more tasks than it lists`;
  if ((await databaseNow(context.db)) < wholeBy)
    return putRowOff(sender, row, { reason, afterMs: SHORT_MS, waits: true });
  if (write.outcome === 'ok') return leaveToPerson(sender, row, wordsFor(row, []));
  const settle = `Look for it there, then run taskmirror retry ${row.rowId} --adopt ID if it is there, or --create if it is not`;
  await leaveToPerson(sender, row, `${reason}. ${settle}`);
}

/** Looks at the API, and weighs what is there. `short`: whether its list left something out. */
async function judge(
  sender: Sender,
  write: SavedWrite,
): Promise<{ readonly verdict: Verdict<Found>; readonly short: boolean }> {
  const { context, source, connection } = sender;
  const lasts = context.push.finishedAfterMs * 1000;
  const waiting = await undecidedCreates(context.db, source, connection);
  const looked = waiting.filter(({ failed, writeId }) => !failed || writeId === write.writeId);
  const since = Math.min(write.sentAt, ...looked.map(({ sentAt }) => sentAt));
  const look = await lookSince(sender, since, write.sentAt + lasts);
  const { short } = look;

  // Asked again: the look shows what a create has made that was sent since it began.
  const undecided = await undecidedCreates(context.db, source, connection);
  // Asked last: a create that was settled meanwhile has its task.
  const keys = look.found.map(({ key }) => key);
  const standing = await standingOf(context.db, source, connection, keys);
  const free = look.found.filter(({ key }) => !standing.get(key)?.taken);
  const creates = undecided.map(({ writeId, sent, sentAt, doubted }) => {
    const endsAt = doubted ? Number.POSITIVE_INFINITY : sentAt + lasts;
    return {
      writeId,
      sent: columnsIn(source, sent),
      sentAt,
      endsAt,
      finished: sentAt + lasts <= look.beganAt,
    };
  });
  const create = creates.find(({ writeId }) => writeId === write.writeId);
  // Settled or decided by somebody meanwhile.
  if (create === undefined) return { verdict: { is: 'early' }, short };
  const among = (tasks: readonly Found[]) => judgeCreate(source, create, creates, tasks);
  const verdict = among(free);
  if (verdict.is !== 'unclear' || create.endsAt > look.beganAt) return { verdict, short };

  // What such a poll did not show came up too late to be its work.
  const whole = await firstWholePoll(context.db, connection, {
    from: write.sentAt + lasts,
    to: write.sentAt + EVERY_POLL_SHOWS_US,
    pages: source.listings,
  });
  if (whole === null) return { verdict, short };
  return { verdict: among(free.filter(({ firstSeenAt }) => firstSeenAt <= whole)), short };
}

async function createAgain(sender: Sender, row: PendingRow, write: SavedWrite): Promise<void> {
  const { client, context, source } = sender;
  const key = write.idempotencyKey;
  const young = (await databaseNow(context.db)) - write.sentAt < KEY_LIVES_US;
  // Under a kept key comes the first answer, so it may serve only what was sent with it.
  const alike = isDeepStrictEqual(client.writer.create(localColumns(source, row), '').sent, write.sent);
  const reuse =
    key !== null && alike && young && (await countSent(context.db, row.rowId, key)) < MOST_WITH_ONE_KEY;
  await create(sender, row, [write], reuse ? key : null);
}

/** A task that was not listed, a page having been missed, say, is read by its id first. */
async function adoptFound(sender: Sender, row: PendingRow, write: SavedWrite, found: Found): Promise<void> {
  const seen = found.seen ?? (await sender.client.read(Number(found.key), sender.signal));
  if (seen.answer !== 'gone') return adopt(sender, row, write, seen);
  if (row.columns['vis_state'] === 1) return forget(sender, row, write);
  await leaveToPerson(sender, row, wordsFor(row, [{ ...found, there: false }]));
}

async function adopt(sender: Sender, row: PendingRow, write: SavedWrite, seen: SingleAnswer): Promise<void> {
  const { sent, idempotencyKey } = write;
  if (seen.answer === 'gone' || !seen.answer.ok) {
    const words = `task ${write.adoptId} can't be adopted: the API has no such task; give another with taskmirror retry ${row.rowId} --adopt ID, or --create`;
    await asWorker(sender.context.db, sender.lease, (tx) => refuse(tx, sender.source, row, words));
    return;
  }
  const call = { method: 'POST' as const, path: write.path, sent, idempotencyKey };
  try {
    await settleAnswer(sender, row.rowId, { writeId: write.writeId, call }, seen, null);
  } catch (error) {
    if (!(error instanceof OwnedError) || write.decision !== 'adopt') throw error;
    const words = `${error.message}; give another with taskmirror retry ${row.rowId} --adopt ID, or --create`;
    await asWorker(sender.context.db, sender.lease, (tx) => refuse(tx, sender.source, row, words));
  }
}

/** A row that was deleted while nobody knew whether its task was made: it was not, so that there is nothing to make or to delete. */
async function forget(sender: Sender, row: PendingRow, write: SavedWrite): Promise<void> {
  const { context, source, lease } = sender;
  // One that had a task before keeps its place.
  if (row.id !== null) return rest(sender, row, [write]);
  await asWorker(context.db, lease, async (tx) => {
    if (!(await dropUnmade(tx, source, row))) return sender.left();
    await endWrite(tx, write.writeId, { outcome: 'unknown', status: null, settled: true });
  });
}

async function leaveToPerson(sender: Sender, row: PendingRow, words: string): Promise<void> {
  const refused = await asWorker(sender.context.db, sender.lease, (tx) =>
    refuse(tx, sender.source, row, words),
  );
  if (refused) sender.count({ failed: 1 });
}

const MOST_NAMED = 5;

function wordsFor({ rowId }: PendingRow, tasks: readonly Found[]): string {
  const another = tasks.some(({ anewBy }) => anewBy !== null)
    ? ', or delete the row if another has its task'
    : '';
  const settle = `Run taskmirror retry ${rowId} --adopt ID if it is one of them, or --create if it is none${another}`;
  if (tasks.length === 0) {
    return `the API has said that it made the task, but shows none that it could be. Run taskmirror retry ${rowId} --adopt ID, or --create`;
  }
  const more = tasks.length > MOST_NAMED ? ` and ${tasks.length - MOST_NAMED} more` : '';
  const named = tasks.slice(0, MOST_NAMED).map(nameOf).join(', ') + more;
  const unknown = 'whether the task was made is not known';
  if (tasks.every(({ there }) => !there)) {
    return `${unknown}; it could be one that was deleted at the API since: ${named}. Run taskmirror retry ${rowId} --create to make it anew, or delete the row`;
  }
  return `${unknown}, and it could be one of ${tasks.length} at the API: ${named}. ${settle}`;
}

function nameOf({ key, columns, there, seen, anewBy }: Found): string {
  const about = [
    columns === null ? null : String(columns['name']),
    there ? null : 'deleted since',
    anewBy === null ? null : `made anew by row ${anewBy}`,
    there && columns === null && seen === null ? "which can't be read" : null,
  ];
  return `${key} (${about.filter((each) => each !== null).join(', ')})`;
}
