import { isDeepStrictEqual } from 'node:util';
import { type Merged, merge, newerSide, type Overruled } from '../merge/merge.js';
import { CHANGED_BY_API } from '../merge/settle.js';
import { fieldValue, same } from '../merge/values.js';
import { type RemadeField, SHARED } from '../mirror/crossed.js';
import type { MirrorRow, RowChange } from '../mirror/tasks.js';
import type { SavedWrite } from '../mirror/writes.js';
import { canonical } from '../sources/canonical.js';
import { columnsOf, keepMissing } from '../sources/raw.js';
import type {
  Columns,
  ConflictPolicy,
  Field,
  JsonObject,
  Observation,
  Page,
  RemoteTask,
  Scalar,
  Source,
} from '../sources/source.js';
import { findRemade } from './remade.js';

/** A task that the API gave, or its word that there is none, and when. */
export interface Observed extends Observation {
  readonly id: number;
  readonly task: RemoteTask | 'gone';
  /** Seconds that the API's clock is ahead of the database's. */
  readonly skew: number;
}

/** How many seconds the API's clock was ahead of the database's when it answered; 0 where it did not tell. */
export const skewOf = ({
  serverTime,
  answeredAt,
}: {
  serverTime: number | null;
  answeredAt: number;
}): number => (serverTime === null ? 0 : serverTime / 1e3 - answeredAt / 1e6);

/** A page with when it had arrived. Pages that are asked about together ask the database once. */
export const arrived = async (page: Page): Promise<ArrivedPage> => ({
  ...page,
  answeredAt: await page.arrival(),
});

export type ArrivedPage = Page & Observation;

/** A task that is new to the mirror. Null for one that is gone: there is nothing to mirror. */
export function insertion({ id, task, answeredAt }: Observed): RowChange | null {
  if (task === 'gone') return null;
  return {
    id,
    row: null,
    columns: task.columns,
    raw: task.raw,
    syncState: 'synced',
    syncError: null,
    answeredAt,
    overruled: [],
  };
}

/**
 * What an observation makes of a row. Null when it changes nothing, or was asked for before the answer had arrived that the
 * row was last written from: then it may be older than what the row holds. `unsettled`: whether a write of the row stays open.
 * `settles`: the first of the writes that are settled by it.
 */
export function reconcile(
  source: Source,
  policy: ConflictPolicy,
  row: MirrorRow,
  seen: Observed,
  unsettled: boolean = row.sent.length > 0,
  settles: Pick<SavedWrite, 'sentAt' | 'taskUpdatedAt'> | null = null,
): RowChange | null {
  if (isLate(row, seen)) return null;
  // That there is no such task is known, and what was edited since is to be made anew.
  if (seen.task === 'gone' && row.raw === null) return null;
  const fields = fieldsFor(source, row);
  if (seen.task === 'gone' && source.deletesForGood && row.sent.includes(null)) {
    return deletedHere(source, row, seen.answeredAt, unsettled);
  }
  const editedAt = row.comeOver?.changedAt ?? row.editedAt;
  const raw = rawAfter(source, row, seen);
  const remote = raw === null ? null : columnsOf(fields, raw);
  const sent = row.sent.flatMap((body) => (body === null ? [] : [columnsIn(source, body)]));
  const updated = remote && updatedIn(source, remote);
  const base = baseOf(source, row);
  const remade = remote === null ? [] : findRemade(source, row, base, sent, remote);
  const merged = merge({
    fields,
    base,
    local: withRemade(localColumns(source, row), remade),
    remote: remote ?? 'gone',
    // To the merge it is our own, like what was sent.
    sent: [...sent, ...remade.map(({ shown }) => shown)],
    editedAgain: row.editedAgain,
    perhapsUndone: settles && mayHaveChangedSince(settles, updated, seen.skew) ? sent : [],
    policy,
    newer: newerSide(updated, editedAt === null ? null : editedAt / 1e6, seen.skew),
  });
  const editedAgain = stillToTell(source, row, merged, seen);
  const state = stateAfter(row, merged.pending.length + editedAgain.length > 0, unsettled);
  const overruled = [...remade.map((each) => madeByApi(each, base)), ...merged.overruled];
  const unchanged =
    isDeepStrictEqual(raw, row.raw) &&
    isDeepStrictEqual(merged.columns, row.columns) &&
    overruled.length === 0 &&
    editedAgain.length === row.editedAgain.length &&
    state.syncState === row.syncState;
  if (unchanged) return null;
  return {
    id: seen.id,
    row,
    columns: merged.columns,
    raw,
    ...state,
    editedAgain,
    answeredAt: seen.answeredAt,
    overruled,
    remade,
  };
}

/** What was edited since stays. */
function withRemade(local: Columns, remade: readonly RemadeField[]): Columns {
  return Object.assign(
    {},
    local,
    ...remade.map(({ field, sent, shown }) => (same(field, local, sent) ? shown : {})),
  );
}

const madeByApi = ({ field, sent, shown }: RemadeField, base: Columns | null): Overruled => ({
  field: field.name,
  base: fieldValue(field, base),
  local: fieldValue(field, sent),
  remote: fieldValue(field, shown),
  winner: 'remote',
  reason: CHANGED_BY_API,
});

/** Clocks are compared by whole seconds, and which of them an answer's fell into is not known. */
const CLOCKS_DIFFER_S = 2;
/** The wall clock of an API shows an hour of the autumn twice. */
const REPEATED_S = 3600;
/** Where it is not known how the task stood before: an API's own clocks may differ by minutes. */
const LONG_BEFORE_S = 600 + REPEATED_S;

/**
 * Whether a task that the API says was last changed at `updated`, by its own clock, may have been changed after a write of ours was
 * sent. One that shows the time it had before was not, unless it was changed within that very second.
 */
function mayHaveChangedSince(
  { sentAt, taskUpdatedAt }: Pick<SavedWrite, 'sentAt' | 'taskUpdatedAt'>,
  updated: number | null,
  skew: number,
): boolean {
  if (updated === null) return true;
  const before = sentAt / 1e6 - (updated - skew);
  if (taskUpdatedAt === null) return before < LONG_BEFORE_S;
  if (updated !== taskUpdatedAt) return true;
  return [0, REPEATED_S].some((turn) => Math.abs(before - turn) <= CLOCKS_DIFFER_S);
}

/** When the API says that a task was last changed, by its own clock, in seconds since 1970. */
export const updatedIn = (source: Source, columns: Columns): number | null =>
  seconds(columns[source.updatedColumn]);

/** Over what came over a link its rule decides, in the fields that can. An edit beside it is people's own. */
function fieldsFor({ fields }: Source, { comeOver }: MirrorRow): readonly Field[] {
  if (!comeOver) return fields;
  const { policy } = comeOver;
  return fields.map((field) => (SHARED.has(field.name) ? { ...field, policy } : field));
}

/** Whether it was asked for before the answer had arrived that the row was last written from. */
export const isLate = (row: Pick<MirrorRow, 'syncedAt'>, { requestedAt }: Observation): boolean =>
  row.syncedAt !== null && requestedAt < row.syncedAt;

/**
 * Of the columns that were edited again, those which the API was not seen to hold so since: where it was asked before the last edit, somebody
 * may have changed them in between.
 */
export function stillToTell(
  { fields }: Source,
  { editedAgain, editedAt }: Pick<MirrorRow, 'editedAgain' | 'editedAt'>,
  { pending }: Pick<Merged, 'pending'>,
  { requestedAt }: Pick<Observation, 'requestedAt'>,
): readonly string[] {
  if (editedAt !== null && requestedAt <= editedAt) return editedAgain;
  const columns = fields.flatMap((field) => (pending.includes(field.name) ? field.columns : []));
  return editedAgain.filter((edited) => columns.some(({ name }) => name === edited));
}

/** Our own delete was done. What was edited since stays: a row that was restored meanwhile is to be made anew. */
export function deletedHere(
  source: Source,
  row: MirrorRow,
  answeredAt: number,
  unsettled: boolean,
): RowChange {
  const columns = localColumns(source, row);
  const syncState = columns['vis_state'] === 1 && !unsettled ? 'synced' : 'pending';
  return { id: row.id, row, columns, raw: null, syncState, syncError: null, answeredAt, overruled: [] };
}

/** What the API and the row last agreed on. A row whose task is gone holds it as it was, unless it was edited since. */
function baseOf({ fields }: Source, { raw, syncState, columns }: MirrorRow): Columns | null {
  if (raw !== null) return columnsOf(fields, raw);
  return syncState === 'synced' ? columns : null;
}

/** The new base: the task as the API gives it now, null when it is gone for good. */
function rawAfter({ fields, deletesForGood }: Source, row: MirrorRow, { task }: Observed): JsonObject | null {
  if (task !== 'gone') return keepMissing(fields, row.raw, task.raw);
  return deletesForGood || row.raw === null ? null : { ...row.raw, vis_state: 1 };
}

/** The row's columns as the API would show them: a local writer may have been more precise than it can be. */
export function localColumns({ fields }: Source, row: Pick<MirrorRow, 'columns'>): Columns {
  const columns: Record<string, Scalar> = {};
  for (const column of fields.flatMap((field) => field.columns)) {
    columns[column.name] = canonical(column, row.columns[column.name]);
  }
  return columns;
}

/** The columns that a request body sets. */
export function columnsIn({ fields }: Source, body: JsonObject): Columns {
  return Object.assign({}, ...fields.map((field) => field.decode(body)));
}

/**
 * A refused edit stays refused until it is edited again or the API comes to hold the same. A row with an open write is not at rest: the
 * push has a last look at it, when nothing of that write can arrive any more, and forgets what was sent.
 */
function stateAfter(
  row: MirrorRow,
  pending: boolean,
  unsettled: boolean,
): Pick<RowChange, 'syncState' | 'syncError'> {
  if (!pending) return { syncState: unsettled ? 'pending' : 'synced', syncError: null };
  if (row.syncState === 'failed') return { syncState: 'failed', syncError: row.syncError };
  return { syncState: 'pending', syncError: null };
}

const seconds = (value: Scalar | undefined): number | null => (typeof value === 'number' ? value : null);
