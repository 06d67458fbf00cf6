import { differing, isEditedAgain } from '../../merge/merge.js';
import { databaseNow } from '../../mirror/database.js';
import { asWorker } from '../../mirror/leases.js';
import { findPending, type PendingRow } from '../../mirror/pending.js';
import { writeMerged } from '../../mirror/tasks.js';
import {
  earlierCreates,
  endWrite,
  openWrites,
  type SavedWrite,
  saveWrite,
  saveWriteAlone,
} from '../../mirror/writes.js';
import { columnsOf } from '../../sources/raw.js';
import type { Source } from '../../sources/source.js';
import { columnsIn, localColumns, type Observed, reconcile, skewOf, updatedIn } from '../reconcile.js';
import { create } from './create.js';
import { fits } from './matches.js';
import { putRowOff } from './put-off.js';
import { rest } from './rest.js';
import { type FreshCall, sendSaved } from './send.js';
import type { Sender } from './sender.js';
import { meet, UnreadableTaskError } from './trouble.js';
import { resolveUnknownCreate } from './unknown-create.js';

/** More calls than data and visibility need, both ways, mean that the API and the row don't come to rest. */
const MOST_CALLS = 4;

/**
 * Brings one row's local change to the API: reads the task again, merges, and sends only what still differs. A row with a write of unknown
 * outcome waits until the API must have finished with it. `mayDelete`: the brake on deletions has let this row's pass.
 */
export async function pushRow(sender: Sender, row: PendingRow, mayDelete: boolean): Promise<void> {
  try {
    const open = row.sent.length > 0 ? await openWrites(sender.context.db, row.rowId) : [];
    if (await waitsForApi(sender, row, open)) return;
    if (row.younger && (await waitsForTwin(sender, row))) return;
    const unknown = open.find(({ method }) => method === 'POST');
    // One at a time: which tasks are still free to be adopted depends on who went before.
    if (unknown && row.raw === null) await sender.inTurn(() => resolveUnknownCreate(sender, row, unknown));
    else if (row.raw === null) await createOrRest(sender, row, open);
    else await bringNearer(sender, row, open, mayDelete);
  } catch (error) {
    await meet(sender, row, error);
  }
}

/** Puts the row off while the API may still be at work on what was sent for it. */
async function waitsForApi(sender: Sender, row: PendingRow, open: readonly SavedWrite[]): Promise<boolean> {
  const last = open.at(-1);
  if (last === undefined || last.decision !== null) return false;
  // It was answered, and only its row could not be written then. The task that a create made is looked up, and may be listed late.
  if (last.outcome === 'ok' && last.method !== 'POST') return false;
  const { context } = sender;
  const afterMs = (last.sentAt - (await databaseNow(context.db))) / 1000 + context.push.finishedAfterMs;
  if (afterMs <= 0) return false;
  const reason = `the outcome of ${last.method} ${last.path} is not known yet; the API is looked at when it must have finished`;
  await putRowOff(sender, row, { reason, afterMs, waits: true });
  return true;
}

/**
 * Puts off what was edited in a row that a pull made, if its task may be the work of a create whose outcome is being looked up:
 * once it has been changed it could not be recognised.
 */
async function waitsForTwin(sender: Sender, row: PendingRow): Promise<boolean> {
  if (row.raw === null) return false;
  const { context, source } = sender;
  const task = columnsOf(source.fields, row.raw);
  const creates = await earlierCreates(context.db, source, row.rowId);
  if (creates.every((sent) => fits(source, columnsIn(source, sent), task) === 'not')) return false;
  const reason = 'it may be the task of another row, whose making is being looked up';
  await putRowOff(sender, row, { reason, afterMs: TWIN_MS, waits: true });
  return true;
}

const TWIN_MS = 1_000;

async function createOrRest(sender: Sender, row: PendingRow, open: readonly SavedWrite[]): Promise<void> {
  // Deleted before it was ever made, or after it was gone: there is nothing to tell the API.
  if (row.columns['vis_state'] === 1) await rest(sender, row, open);
  else await create(sender, row, open);
}

async function bringNearer(
  sender: Sender,
  first: PendingRow,
  unsettled: readonly SavedWrite[],
  mayDelete: boolean,
): Promise<void> {
  const { context } = sender;
  let row: PendingRow | null = first;
  let open = unsettled;
  let fresh = false;
  for (let calls = 0; calls < MOST_CALLS && row?.syncState === 'pending'; calls++) {
    const saved = await saveNextCall(sender, row, open, { fresh, mayDelete });
    if (saved !== 'moved') open = [];
    fresh = false;
    if (saved === 'at rest') return;
    if (saved !== 'moved') {
      if ((await sendSaved(sender, row, saved)) !== 'pending') return;
      fresh = true;
    }
    const { editedAt: edited, version }: PendingRow = row;
    row = await findPending(context.db, sender.source, row.rowId);
    // It has not moved: somebody holds it locked.
    if (saved === 'moved' && row?.version === version) break;
    // What was edited meanwhile has a quiet time of its own.
    if (row?.editedAt !== edited) return;
  }
  if (row?.syncState === 'pending') sender.left();
}

/**
 * Merges another look at the task into the row and saves the next call, in one transaction: before anything is sent it is known
 * what. Where there is nothing to merge, that is one trip. An edit that was taken back is looked at too: the API may have been changed
 * meanwhile. `fresh` spares the look: the answer to a write of a moment ago is as good.
 */
async function saveNextCall(
  sender: Sender,
  row: PendingRow,
  open: readonly SavedWrite[],
  { fresh, mayDelete }: { readonly fresh: boolean; readonly mayDelete: boolean },
): Promise<FreshCall | 'at rest' | 'moved'> {
  const { context, source, client, connection, lease } = sender;
  const { id, raw, rowId } = row;
  if (raw === null || id === null) return 'at rest';
  const local = localColumns(source, row);
  // The open writes are settled along with it.
  const first = open[0] ?? null;
  const { policy } = context;
  const change = fresh ? null : reconcile(source, policy, row, await look(sender, id, row), false, first);
  const after = change ?? { raw, columns: local };
  const last = after.raw && columnsOf(source.fields, after.raw);
  const pending = last === null ? [] : differing(source.fields, after.columns, last);
  // A deleted task may take no data: it is restored or archived first.
  const wakes = pending.includes('vis_state') && last?.['vis_state'] === 1;
  const call =
    pending.length === 0 ? null : client.writer.next(id, after.columns, wakes ? ['vis_state'] : pending);

  if (call !== null && after.columns['vis_state'] === 1 && !mayDelete) {
    // It was deleted since it was found: the brake has not seen that yet.
    sender.left();
    return 'at rest';
  }

  const since = context.runtime.now();
  const taskUpdatedAt = last && updatedIn(source, last);
  const write = call && { ...call, connection, rowId, runId: lease.runId, taskUpdatedAt };
  if (call && write && change === null && open.length === 0) {
    const writeId = await saveWriteAlone(context.db, lease, source, write, row.version);
    return writeId === null ? 'moved' : { writeId, call, since };
  }
  const saved = await asWorker(context.db, lease, async (tx): Promise<string | null | 'moved'> => {
    if (change !== null && (await writeMerged(tx, source, connection, lease.runId, [change])).size === 0)
      return 'moved';
    for (const { writeId, outcome } of open)
      await endWrite(tx, writeId, { outcome: outcome ?? 'unknown', status: null, settled: true });
    if (write === null) return null;
    const version = change === null ? row.version : null;
    return (await saveWrite(tx, source, write, version)) ?? 'moved';
  });
  if (saved === 'moved') return 'moved';
  if (change !== null) sender.count({ conflicts: change.overruled.length });
  if (saved !== null && call !== null) return { writeId: saved, call, since };
  if (change === null) await rest(sender, row);
  return 'at rest';
}

async function look(sender: Sender, id: number, row: PendingRow): Promise<Observed> {
  const seen = await readOnce(sender, id);
  // An answer that leaves out what is about to be overwritten tells nothing of it. What the next one leaves out too may never be shown.
  return leavesOutEdited(sender.source, row, seen.task) ? readOnce(sender, id) : seen;
}

async function readOnce({ client, signal }: Sender, id: number): Promise<Observed> {
  const seen = await client.read(id, signal);
  const { answer, requestedAt, answeredAt } = seen;
  if (answer !== 'gone' && !answer.ok)
    throw new UnreadableTaskError(`task ${id} can't be read: ${answer.reason}`);
  return { id, task: answer === 'gone' ? 'gone' : answer.task, requestedAt, answeredAt, skew: skewOf(seen) };
}

/** Whether a field that was edited here is not in the answer, though the API has shown it before. */
function leavesOutEdited(source: Source, row: PendingRow, task: Observed['task']): boolean {
  const { raw } = row;
  if (task === 'gone' || raw === null) return false;
  const edited = differing(source.fields, localColumns(source, row), columnsOf(source.fields, raw));
  return source.fields.some(
    (field) =>
      (edited.includes(field.name) || isEditedAgain(field, row)) &&
      field.decode(task.raw) === undefined &&
      field.decode(raw) !== undefined,
  );
}
