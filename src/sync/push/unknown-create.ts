import { same } from '../../merge/values.js';
import { databaseNow } from '../../mirror/database.js';
import { type PendingRow, putOff, refuse } from '../../mirror/pending.js';
import { asWorker } from '../../mirror/runs.js';
import { countSent, knownBefore, type SavedWrite, unknownTwins } from '../../mirror/writes.js';
import type { Columns, RemoteTask, SingleAnswer, Source } from '../../sources/source.js';
import { columnsIn } from '../reconcile.js';
import { create } from './create.js';
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
  if (write.decision === 'create') return create(sender, row, { write, reuseKey: false });
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
  const found = await candidates(sender, write);
  const body = columnsIn(sender.source, sent);
  const exact = found.filter(({ task }) => matches(sender.source, body, task.columns) === 'exactly');
  const similar = found.filter(({ task }) => matches(sender.source, body, task.columns) === 'nearly');

  if (exact.length > 0 && exact.length === twins.count) {
    const [first] = exact.sort((a, b) => a.task.id - b.task.id);
    if (first) return adopt(sender, row, write, { ...first, answer: { ok: true, task: first.task } });
  }
  if (exact.length === 0 && similar.length === 0 && write.outcome !== 'ok') {
    const key = write.idempotencyKey;
    const young = now - write.sentAt < KEY_LIVES_US;
    const reuseKey =
      key !== null && young && (await countSent(context.db, row.rowId, key)) < MOST_WITH_ONE_KEY;
    return create(sender, row, { write, reuseKey });
  }
  await leaveToPerson(
    sender,
    row,
    [...exact, ...similar].map(({ task }) => task),
  );
}

/** A task that could be what the attempt made, and when it was seen. */
interface Candidate extends Omit<SingleAnswer, 'answer'> {
  readonly task: RemoteTask;
}

/** Tasks at the API that the mirror did not hold when the attempt began, and that are not another row's. */
async function candidates(
  { context, source, connection, client, signal }: Sender,
  write: SavedWrite,
): Promise<readonly Candidate[]> {
  const sentAt = write.sentAt / 1e6;
  const found = new Map<number, Candidate>();
  for await (const { tasks, ...page } of client.changes(Math.floor(sentAt) - source.overlap, signal)) {
    const earliest =
      page.serverTime === null ? 0 : sentAt + page.serverTime / 1e3 - page.answeredAt / 1e6 - CLOCK_SLACK_S;
    const fresh = tasks.flatMap((decoded) =>
      decoded.ok && madeAfter(decoded.task, earliest) ? [decoded.task] : [],
    );
    const ids = fresh.map(({ id }) => id);
    const known = await knownBefore(context.db, source, connection, ids, write.sentAt);
    const { requestedAt, answeredAt } = page;
    for (const task of fresh) if (!known.has(task.id)) found.set(task.id, { task, requestedAt, answeredAt });
  }
  return [...found.values()];
}

const madeAfter = ({ columns }: RemoteTask, earliest: number): boolean =>
  typeof columns['created_at'] !== 'number' || columns['created_at'] >= earliest;

/**
 * How a task compares with what was sent: the API may have cut or normalised a value, or somebody may have edited the task since,
 * so that all values but one being equal, or the name beginning alike, is near enough not to be sure.
 */
function matches({ fields }: Source, sent: Columns, task: Columns): 'exactly' | 'nearly' | 'not' {
  const told = fields.filter(
    (field) => field.columns.every(({ name }) => name in sent) && field.name !== 'vis_state',
  );
  const different = told.filter((field) => !same(field, sent, task));
  if (different.length === 0) return 'exactly';
  if (told.length > 1 && different.length === 1) return 'nearly';
  const [ours, theirs] = [folded(sent['name']), folded(task['name'])];
  return ours !== '' && theirs !== '' && (ours.startsWith(theirs) || theirs.startsWith(ours))
    ? 'nearly'
    : 'not';
}

const folded = (name: unknown): string =>
  String(name ?? '')
    .trim()
    .replace(/\s+/g, ' ')
    .toLowerCase();

async function adopt(sender: Sender, row: PendingRow, write: SavedWrite, seen: SingleAnswer): Promise<void> {
  const { sent, idempotencyKey } = write;
  if (seen.answer === 'gone' || !seen.answer.ok) {
    const words = `task ${write.adoptId} can't be adopted: the API has no such task; give another with taskmirror retry ${row.rowId} --adopt ID, or --create`;
    await asWorker(sender.context.db, sender.lease, (tx) => refuse(tx, sender.source, row, words));
    return;
  }
  const call = { method: 'POST' as const, path: write.path, sent, idempotencyKey };
  await settleAnswer(sender, row.rowId, { writeId: write.writeId, call }, seen, null);
}

async function leaveToPerson(sender: Sender, row: PendingRow, tasks: readonly RemoteTask[]): Promise<void> {
  const named = tasks
    .slice(0, 5)
    .map(({ id, columns }) => `${id} (${columns['name']})`)
    .join(', ');
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
