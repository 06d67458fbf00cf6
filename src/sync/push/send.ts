import { settle } from '../../merge/settle.js';
import { findPending, type PendingRow, putOff } from '../../mirror/pending.js';
import { asWorker } from '../../mirror/runs.js';
import { type RowChange, writeMerged } from '../../mirror/tasks.js';
import { endWrite } from '../../mirror/writes.js';
import { ApiError } from '../../sources/http/errors.js';
import { columnsOf, keepMissing } from '../../sources/raw.js';
import type { RemoteTask, SingleAnswer } from '../../sources/source.js';
import type { WriteCall } from '../../sources/writer.js';
import { columnsIn, localColumns, type Observed, reconcile } from '../reconcile.js';
import { type Made, makeRoom } from './made.js';
import type { Sender } from './sender.js';

/** A call whose intent stands in `sync.writes`. */
export interface SavedCall {
  readonly writeId: string;
  readonly call: WriteCall;
}

/**
 * Sends a saved call and settles its answer into the row. False where the outcome can't be known: then the row waits until the
 * API must have finished, and nothing more is sent for it. Throws what `meet` decides on: then nothing was done at the API.
 */
export async function sendSaved(sender: Sender, row: PendingRow, saved: SavedCall): Promise<boolean> {
  const { context, source, lease, client, signal, troubles } = sender;
  try {
    const answer = await client.writer.send(saved.call, signal);
    troubles.over();
    return await settleAnswer(sender, row.rowId, saved, answer);
  } catch (error) {
    if (!(error instanceof ApiError) || error.definite) {
      const status = error instanceof ApiError ? error.status : null;
      await endWrite(context.db, saved.writeId, { outcome: 'refused', status, settled: true });
      throw error;
    }
    await endWrite(context.db, saved.writeId, { outcome: 'unknown', status: error.status, settled: false });
    const reason = `${error.message}; whether it was done is looked up when the API must have finished with it`;
    await asWorker(context.db, lease, (tx) =>
      putOff(tx, source, row, { reason, afterMs: context.push.finishedAfterMs }),
    );
    if (troubles.met()) throw error;
    return false;
  }
}

/** Someone may edit the row while its answer is settled; not for ever. */
const ROUNDS = 5;

/** Writes the answer to a write of ours into its row, and settles the write in the same transaction. False when the row stayed out of reach. */
export async function settleAnswer(
  sender: Sender,
  rowId: string,
  { writeId, call }: SavedCall,
  answer: SingleAnswer,
): Promise<boolean> {
  const { context, source, connection, lease } = sender;
  for (let round = 0; round < ROUNDS; round++) {
    const row = await findPending(context.db, source, rowId);
    if (row === null) break;
    const look = await later(sender, row, call, answer);
    const change = await asWorker(context.db, lease, async (tx) => {
      const made = call.method === 'POST' ? await makeRoom(tx, sender, row, call, answer) : null;
      const change =
        look === null
          ? settled(sender, row, call, answer, made)
          : reconcile(source, context.policy, row, look);
      if (change !== null && (await writeMerged(tx, source, connection, lease.runId, [change])).size === 0) {
        throw new MovedError();
      }
      await endWrite(tx, writeId, { outcome: 'ok', status: null, settled: true });
      return change;
    }).catch((error: unknown) => {
      if (error instanceof MovedError) return 'moved' as const;
      throw error;
    });
    if (change === 'moved') continue;
    sender.count({
      pushed: 1,
      conflicts: change?.overruled.length ?? 0,
      failed: change?.syncState === 'failed' ? 1 : 0,
    });
    return true;
  }
  // It was done. Until the row can be written, what was sent goes on counting as our own in every merge.
  await endWrite(context.db, writeId, { outcome: 'ok', status: null, settled: false });
  return false;
}

class MovedError extends Error {}

/**
 * Another look at a task whose row was written from a later look than this answer, which may be older than that. What was
 * sent still counts as our own when it is merged. Null when the answer itself will do.
 */
async function later(
  { client, signal }: Sender,
  row: PendingRow,
  call: WriteCall,
  { answer, requestedAt }: SingleAnswer,
): Promise<Observed | null> {
  const late = row.syncedAt !== null && requestedAt < row.syncedAt;
  if (!late || answer === 'gone' || !answer.ok || call.method === 'POST') return null;
  const again = await client.read(answer.task.id, signal);
  if (again.answer !== 'gone' && !again.answer.ok) return null;
  return {
    ...again,
    id: answer.task.id,
    task: again.answer === 'gone' ? 'gone' : again.answer.task,
    skew: 0,
  };
}

function settled(
  sender: Sender,
  row: PendingRow,
  call: WriteCall,
  { answer, answeredAt }: SingleAnswer,
  made: Made | null,
): RowChange {
  if (answer === 'gone') return deleted(sender, row, answeredAt);
  if (answer.ok) return written(sender, row, call, answer.task, answeredAt, made);
  const request = `${sender.source.name} ${call.method} ${call.path}`;
  throw new ApiError({ kind: 'unreadable', request, words: answer.reason });
}

/** Our delete was done. What was edited since stays: a row that was restored meanwhile is to be made anew. */
function deleted({ source }: Sender, row: PendingRow, answeredAt: number): RowChange {
  const columns = localColumns(source, row);
  const syncState = columns['vis_state'] === 1 ? 'synced' : 'pending';
  return { id: row.id, row, columns, raw: null, syncState, syncError: null, answeredAt, overruled: [] };
}

function written(
  { source, context }: Sender,
  asRead: PendingRow,
  call: WriteCall,
  task: RemoteTask,
  answeredAt: number,
  made: Made | null,
): RowChange {
  const { fields } = source;
  const row = made?.row ?? asRead;
  const raw = keepMissing(fields, made ? null : row.raw, made?.raw ?? task.raw);
  const local = localColumns(source, row);
  const sent = call.sent === null ? {} : columnsIn(source, call.sent);
  const settled = settle({
    fields,
    base: made || row.raw === null ? null : columnsOf(fields, row.raw),
    local,
    sent,
    answer: made ? columnsOf(fields, raw) : task.columns,
    policy: context.policy,
    newer: 'local',
  });
  const refused = settled.refused.filter((name) =>
    fields.some(
      (field) =>
        field.name === name && field.columns.every((column) => local[column.name] === sent[column.name]),
    ),
  );
  const state =
    refused.length > 0
      ? { syncState: 'failed' as const, syncError: `accepted, but not changed: ${refused.join(', ')}` }
      : {
          syncState: settled.pending.length > 0 ? ('pending' as const) : ('synced' as const),
          syncError: null,
        };
  return {
    id: task.id,
    row,
    columns: settled.columns,
    raw,
    ...state,
    answeredAt: made?.answeredAt ?? answeredAt,
    overruled: settled.overruled,
  };
}
