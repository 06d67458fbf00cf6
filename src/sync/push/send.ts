import { settle } from '../../merge/settle.js';
import { pick, same } from '../../merge/values.js';
import { isTaken } from '../../mirror/database.js';
import { asWorker } from '../../mirror/leases.js';
import { findPending, type PendingRow, refuse } from '../../mirror/pending.js';
import { type RowChange, writeMerged } from '../../mirror/tasks.js';
import { adoptLater, endWrite } from '../../mirror/writes.js';
import { ApiError } from '../../sources/index.js';
import { columnsOf, keepMissing } from '../../sources/raw.js';
import type {
  Decoded,
  Field,
  JsonObject,
  Observation,
  RemoteTask,
  SingleAnswer,
  Source,
} from '../../sources/source.js';
import type { WriteCall } from '../../sources/writer.js';
import {
  columnsIn,
  deletedHere,
  isLate,
  localColumns,
  type Observed,
  reconcile,
  skewOf,
  stillToTell,
} from '../reconcile.js';
import { mayBeMadeOf } from '../remade.js';
import { type Made, MovedError, makeRoom } from './made.js';
import { putRowOff } from './put-off.js';
import type { Sender } from './sender.js';

/** A call whose intent stands in `sync.writes`. */
export interface SavedCall {
  readonly writeId: string;
  readonly call: WriteCall;
}

/** One that is sent now. */
export interface FreshCall extends SavedCall {
  /** When it began to be saved, in milliseconds by this process's clock. */
  readonly since: number;
}

/**
 * Whether a row is pending once the answer to its write was settled, as far as its worker knows. `open` where the write's outcome can't be known, or
 * the row stayed out of reach.
 */
export type Settled = 'at rest' | 'pending' | 'open';

/**
 * Sends a saved call and settles its answer into the row. Where the outcome can't be known the row waits until the API must have
 * finished, and nothing more is sent for it. Throws what `meet` decides on: then nothing was done at the API.
 */
export async function sendSaved(sender: Sender, row: PendingRow, saved: FreshCall): Promise<Settled> {
  const { context, client, signal, troubles } = sender;
  const { writeId, call } = saved;
  const savingMs = Math.max(0, context.runtime.now() - saved.since);
  const sent = await client.writer.send(call, signal, savingMs).catch((error: unknown) => ({ error }));
  if (!('error' in sent)) {
    troubles.over();
    // From here on it was done: whatever goes wrong leaves the write open, to be looked at again.
    return settleAnswer(sender, row.rowId, saved, sent, sent.status);
  }
  const { error } = sent;
  if (!(error instanceof ApiError) || error.definite) {
    const status = error instanceof ApiError ? error.status : null;
    await endWrite(context.db, writeId, { outcome: 'refused', status, settled: true });
    throw error;
  }
  await endWrite(context.db, writeId, { outcome: 'unknown', status: error.status, settled: false });
  const reason = `${error.message}; whether it was done is looked up when the API must have finished with it`;
  await putRowOff(sender, row, { reason, afterMs: context.push.finishedAfterMs });
  if (troubles.met()) throw error;
  return 'open';
}

/** Someone may edit the row while its answer is settled; not for ever. */
const ROUNDS = 5;

/** Writes the answer to a write of ours into its row, and settles the write in the same transaction. */
export async function settleAnswer(
  sender: Sender,
  rowId: string,
  { writeId, call }: SavedCall,
  answer: SingleAnswer,
  status: number | null,
): Promise<Settled> {
  const { context, source, connection, lease } = sender;
  if (answer.answer !== 'gone' && !answer.answer.ok)
    return leaveUnreadable(sender, rowId, { writeId, call }, answer.answer, status);
  for (let round = 0; round < ROUNDS; round++) {
    const row = await findPending(context.db, source, rowId);
    if (row === null) break;
    const look = await later(sender, row, call, answer);
    if (look === 'unknown') break;
    const change = await asWorker(context.db, lease, async (tx) => {
      const made = call.method === 'POST' ? await makeRoom(tx, sender, row, call, answer) : null;
      const change = look
        ? reconcile(source, context.policy, row, look, row.sent.length > 1, {
            sentAt: answer.requestedAt,
            taskUpdatedAt: null,
          })
        : after(sender, row, call, answer, made, status !== null);
      // It says nothing of what the row holds now, so that the write can't be settled by it.
      if (look && change === null && isLate(row, look)) throw new MovedError();
      if (change !== null && (await writeMerged(tx, source, connection, lease.runId, [change])).size === 0) {
        throw new MovedError();
      }
      await endWrite(tx, writeId, { outcome: 'ok', status, settled: true });
      return change;
    }).catch((error: unknown) => {
      // A pull may have inserted the task in the same moment.
      if (error instanceof MovedError || isTaken(error)) return 'moved' as const;
      throw error;
    });
    if (change === 'moved') continue;
    sender.count({
      pushed: 1,
      conflicts: change?.overruled.length ?? 0,
      failed: change?.syncState === 'failed' ? 1 : 0,
    });
    return change === null || change.syncState === 'pending' ? 'pending' : 'at rest';
  }
  // It was done. Until the row can be written, what was sent goes on counting as our own in every merge.
  await endWrite(context.db, writeId, { outcome: 'ok', status, settled: false });
  if (call.method === 'POST' && answer.answer !== 'gone' && answer.answer.ok)
    await adoptLater(context.db, writeId, answer.answer.task.id);
  sender.left();
  return 'open';
}

/** It was done, but what the API shows of it can't be mirrored. A task that was made is never made again for that. */
async function leaveUnreadable(
  { context, source, lease, count }: Sender,
  rowId: string,
  { writeId, call }: SavedCall,
  { id, reason }: Extract<Decoded, { ok: false }>,
  status: number | null,
): Promise<'open'> {
  await endWrite(context.db, writeId, { outcome: 'ok', status, settled: false });
  const row = await findPending(context.db, source, rowId);
  if (row === null || call.method !== 'POST') return 'open';
  const words = `it was made at the API as task ${id}, which can't be mirrored: ${reason}`;
  if (await asWorker(context.db, lease, (tx) => refuse(tx, source, row, words))) count({ failed: 1 });
  return 'open';
}

/**
 * Another look at a task whose row was written from a later look than this answer, which may be older than that, or of which the answer
 * leaves out what was sent. What was sent still counts as our own when it is merged. Null when the answer itself will do, `unknown` when
 * the API would not show it.
 */
async function later(
  { client, signal, source }: Sender,
  row: PendingRow,
  call: WriteCall,
  seen: SingleAnswer,
): Promise<Observed | null | 'unknown'> {
  const { answer } = seen;
  if (answer === 'gone' || !answer.ok || call.method === 'POST') return null;
  const late = isLate(row, seen);
  if (!late && unshown(source, call, answer.task.raw).length === 0) return null;
  const again = await client.read(answer.task.id, signal).catch(() => null);
  if (again === null || (again.answer !== 'gone' && !again.answer.ok)) return 'unknown';
  // It shows that to nobody: sent once more, it would show it no more.
  const hidden = again.answer !== 'gone' && unshown(source, call, again.answer.task.raw).length > 0;
  if (!late && hidden) return null;
  return {
    ...again,
    id: answer.task.id,
    task: again.answer === 'gone' ? 'gone' : again.answer.task,
    skew: skewOf(again),
  };
}

/** The fields that were sent and that an answer leaves out. */
function unshown({ fields }: Source, { sent }: WriteCall, task: JsonObject): readonly Field[] {
  if (sent === null) return [];
  return fields.filter(
    (field) => field.keys.length > 0 && field.decode(sent) !== undefined && field.decode(task) === undefined,
  );
}

function after(
  sender: Sender,
  row: PendingRow,
  call: WriteCall,
  seen: SingleAnswer,
  made: Made | null,
  direct: boolean,
): RowChange {
  const { answer, answeredAt } = seen;
  return answer === 'gone' || !answer.ok
    ? deletedHere(sender.source, row, answeredAt, row.sent.length > 1)
    : written(sender, row, call, { ...seen, task: answer.task }, made, direct);
}

function written(
  { source, context }: Sender,
  asRead: PendingRow,
  call: WriteCall,
  answer: Observation & { readonly task: RemoteTask },
  made: Made | null,
  direct: boolean,
): RowChange {
  const { fields } = source;
  const { task, answeredAt } = answer;
  const row = made?.row ?? asRead;
  const local = localColumns(source, row);
  const sent = call.sent === null ? {} : columnsIn(source, call.sent);
  // What the API does not show it holds as it was sent.
  const shown = made?.raw ?? task.raw;
  const hidden = unshown(source, call, shown);
  const keys = new Set(hidden.flatMap((field) => field.keys));
  const taken = Object.fromEntries(Object.entries(call.sent ?? {}).filter(([key]) => keys.has(key)));
  const raw = keepMissing(fields, made ? taken : { ...row.raw, ...taken }, shown);
  const shownColumns = made ? columnsOf(fields, raw) : { ...task.columns, ...columnsIn(source, taken) };
  // Of a task that was found later, or that a pull has seen since, what it holds may be what people have written there.
  const isRemade = (field: Field) => {
    if (made === null) return true;
    if (direct) return same(field, task.columns, shownColumns);
    const [column] = field.columns;
    return column !== undefined && mayBeMadeOf(sent[column.name], shownColumns[column.name]);
  };
  const settled = settle({
    fields,
    base: made || row.raw === null ? null : columnsOf(fields, row.raw),
    local,
    sent,
    answer: shownColumns,
    filledIn: made && direct ? task.columns : null,
    isRemade,
    editedAgain: row.editedAgain,
    policy: context.policy,
    newer: 'local',
  });
  const refused = settled.refused.filter((name) =>
    fields.some(
      (field) =>
        field.name === name && field.columns.every((column) => local[column.name] === sent[column.name]),
    ),
  );
  // Another write that is still open needs its look.
  const others = row.sent.length > 1 || (made?.open ?? false);
  const editedAgain = stillToTell(source, row, settled, answer);
  const state =
    refused.length > 0
      ? { syncState: 'failed' as const, syncError: `accepted, but not changed: ${refused.join(', ')}` }
      : {
          syncState:
            settled.pending.length + editedAgain.length > 0 || others
              ? ('pending' as const)
              : ('synced' as const),
          syncError: null,
        };
  const remade = fields.filter((field) => settled.remade.includes(field.name));
  return {
    id: task.id,
    row,
    columns: settled.columns,
    raw,
    ...state,
    editedAgain,
    answeredAt: made?.answeredAt ?? answeredAt,
    overruled: [...settled.overruled, ...(made?.overruled ?? [])],
    remade: remade.map((field) => ({ field, sent: pick(field, sent), shown: pick(field, settled.columns) })),
  };
}
