import { isDeepStrictEqual } from 'node:util';
import { databaseNow } from '../../mirror/database.js';
import { asWorker } from '../../mirror/leases.js';
import { dropUnmade } from '../../mirror/made.js';
import { type PendingRow, putOff, refuse } from '../../mirror/pending.js';
import {
  countSent,
  endWrite,
  knownBefore,
  openCreates,
  type SavedWrite,
  unknownTwins,
} from '../../mirror/writes.js';
import type { RemoteTask, SingleAnswer } from '../../sources/source.js';
import { columnsIn, localColumns, skewOf } from '../reconcile.js';
import { create } from './create.js';
import { OwnedError } from './made.js';
import { matches } from './matches.js';
import { rest } from './rest.js';
import { settleAnswer } from './send.js';
import type { Sender } from './sender.js';

/** Invoiced keeps a key's first answer for 24 h. */
const KEY_LIVES_US = 23 * 3600 * 1e6;
/** A key whose kept answer is an error gives it again and again; a look that found nothing is proof enough. */
const MOST_WITH_ONE_KEY = 2;
/** A task made so long before the attempt, by the API's clock, can't be its work. */
const CLOCK_SLACK_S = 600;

/**
 * Settles a create of which it isn't known whether it arrived, once the API must have finished with it: looks for it among the tasks that the mirror did
 * not hold when it was sent. As many exact matches as unknown creates of that content: adopted. None, and nothing else
 * that could be it: made again. Anything else is for a person.
 */
export async function resolveUnknownCreate(
  sender: Sender,
  row: PendingRow,
  write: SavedWrite,
): Promise<void> {
  const { context, connection, client, signal } = sender;
  if (write.decision === 'create') return create(sender, row, [write]);
  if (write.decision === 'adopt' && write.adoptId !== null) {
    return adopt(sender, row, write, await client.read(write.adoptId, signal));
  }

  const sent = write.sent ?? {};
  const twins = await unknownTwins(context.db, connection, sent);
  const now = await databaseNow(context.db);
  const afterMs = (twins.lastSentAt - now) / 1000 + context.push.finishedAfterMs;
  if (afterMs > 0) {
    const reason = 'another create of the same content is under way or of unknown outcome';
    return asWorker(context.db, sender.lease, (tx) => putOff(tx, sender.source, row, { reason, afterMs }));
  }
  const { found, unreadable } = await candidates(sender, write);
  const body = columnsIn(sender.source, sent);
  const exact = found.filter(({ task }) => matches(sender.source, body, task.columns) === 'exactly');
  const near = found.filter(({ task }) => matches(sender.source, body, task.columns) === 'nearly');
  const similar = near.length === 0 ? near : await unexplained(sender, write, near);

  if (exact.length > 0 && exact.length === twins.count) {
    const [first] = exact.sort((a, b) => a.task.id - b.task.id);
    if (first) return adopt(sender, row, write, { ...first, answer: { ok: true, task: first.task } });
  }
  const none = exact.length === 0 && similar.length === 0 && unreadable.length === 0;
  if (none && write.outcome !== 'ok') {
    if (row.columns['vis_state'] === 1) return forget(sender, row, write);
    const key = write.idempotencyKey;
    const young = now - write.sentAt < KEY_LIVES_US;
    // Under a kept key comes the first answer, so it may serve only what was sent with it.
    const alike = isDeepStrictEqual(
      client.writer.create(localColumns(sender.source, row), '').sent,
      write.sent,
    );
    const reuse =
      key !== null && alike && young && (await countSent(context.db, row.rowId, key)) < MOST_WITH_ONE_KEY;
    return create(sender, row, [write], reuse ? key : null);
  }
  const readable = [...exact, ...similar].map(({ task: { id, columns } }) => `${id} (${columns['name']})`);
  await leaveToPerson(sender, row, [...readable, ...unreadable]);
}

/** A task that could be what the attempt made, and when it was seen. */
interface Candidate extends Omit<SingleAnswer, 'answer'> {
  readonly task: RemoteTask;
}

/** Tasks at the API that the mirror did not hold when the attempt began, and that are not another row's. */
async function candidates(
  { context, source, connection, client, signal }: Sender,
  write: SavedWrite,
): Promise<{ readonly found: readonly Candidate[]; readonly unreadable: readonly string[] }> {
  const sentAt = write.sentAt / 1e6;
  const found = new Map<number, Candidate>();
  const unreadable = new Set<string>();
  for await (const { tasks, ...page } of client.changes(Math.floor(sentAt) - source.overlap, signal)) {
    const earliest = page.serverTime === null ? 0 : sentAt + skewOf(page) - CLOCK_SLACK_S;
    const fresh = tasks.flatMap((decoded) =>
      decoded.ok && madeAfter(decoded.task, earliest) ? [decoded.task] : [],
    );
    const hidden = tasks.flatMap((decoded) =>
      !decoded.ok && Number.isSafeInteger(Number(decoded.id)) && decoded.id !== null
        ? [Number(decoded.id)]
        : [],
    );
    const ids = [...fresh.map(({ id }) => id), ...hidden];
    const known = await knownBefore(context.db, source, connection, ids, write.sentAt);
    const { requestedAt, answeredAt, serverTime } = page;
    const seen = { requestedAt, answeredAt, serverTime };
    for (const task of fresh) if (!known.has(task.id)) found.set(task.id, { task, ...seen });
    for (const id of hidden) if (!known.has(id)) unreadable.add(`${id} (which can't be read)`);
  }
  return { found: [...found.values()], unreadable: [...unreadable] };
}

/** Those that are no other insert's work: neither just what another open create sent, nor a row's by now. */
async function unexplained(
  { context, source, connection }: Sender,
  write: SavedWrite,
  found: readonly Candidate[],
): Promise<readonly Candidate[]> {
  const others = (await openCreates(context.db, connection)).map((sent) => columnsIn(source, sent));
  const ids = found.map(({ task }) => task.id);
  // Looked at last: a create that was settled meanwhile has its row.
  const known = await knownBefore(context.db, source, connection, ids, write.sentAt);
  return found.filter(
    ({ task }) =>
      !known.has(task.id) && !others.some((sent) => matches(source, sent, task.columns) === 'exactly'),
  );
}

const madeAfter = ({ columns }: RemoteTask, earliest: number): boolean =>
  typeof columns['created_at'] !== 'number' || columns['created_at'] >= earliest;

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

async function leaveToPerson(sender: Sender, row: PendingRow, tasks: readonly string[]): Promise<void> {
  const named = tasks.slice(0, 5).join(', ');
  const words =
    (tasks.length > 0
      ? `whether the task was made is not known, and it could be one of ${tasks.length} at the API: ${named}. `
      : 'the API has said that it made the task, but shows none that it could be. ') +
    `Run taskmirror retry ${row.rowId} --adopt ID if it is one of them, or --create if it is none`;
  const refused = await asWorker(sender.context.db, sender.lease, (tx) =>
    refuse(tx, sender.source, row, words),
  );
  if (refused) sender.count({ failed: 1 });
}
