/** What every source is: its fields, declared once, and a client that reads its tasks. */

export type SourceName = 'invoiced' | 'freshbooks';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** One column's value in canonical form (see ColumnType): equal values are identical (`===`). */
export type Scalar = string | number | boolean | null;

/** A task's values by column name, in canonical form. A column that an answer left out is absent. */
export type Columns = Readonly<Record<string, Scalar>>;

/**
 * The canonical form of a value, in the API's own precision:
 * `text` a string, `integer` a safe integer, `boolean`, `instant` whole seconds since 1970 (UTC) as a number,
 * `money` a decimal string with exactly two digits after the point (`'50.00'`, never `'-0.00'`). Any of them can be null.
 */
export type ColumnType = 'text' | 'integer' | 'boolean' | 'instant' | 'money';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** What a task holds that has never been seen with this column's key. */
  readonly absent: Scalar;
}

export type ConflictPolicy = 'remote' | 'local' | 'newest';

/** The unit of merging. Most have one column; `rate` has two, and is compared, sent and overruled whole. */
export interface Field {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly writable: boolean;
  /** The keys of the API's task that hold it; none for a field that the API implies (`vis_state` at Invoiced). */
  readonly keys: readonly string[];
  /** Reads the field from the API's JSON; `undefined` when the answer leaves it out. Throws FieldError on a wrong type. */
  decode(task: JsonObject): Columns | undefined;
  /** The members of a request body that set the field to these columns. */
  encode(columns: Columns): JsonObject;
  /** Overrules CONFLICT_POLICY where one side plainly owns the field. */
  readonly policy?: ConflictPolicy;
}

/** A value that the field can't hold: says which key, what came, and what was expected. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
}

/** A task as an API gave it. `columns` holds only what the answer held. */
export interface RemoteTask {
  readonly id: number;
  readonly columns: Columns;
  readonly raw: JsonObject;
}

/** What became of one element of an answer: a task, or why it can't be one. */
export type Decoded =
  | { readonly ok: true; readonly task: RemoteTask }
  | { readonly ok: false; readonly id: string | null; readonly reason: string };

/** Microseconds since 1970 by the database's clock: the one clock by which observations are ordered. */
export type ObservedAt = number;

/** When an answer was asked for and when it had arrived. */
export interface Observation {
  readonly requestedAt: ObservedAt;
  readonly answeredAt: ObservedAt;
}

/** Where a walk goes on; opaque to all but the source that made it. */
export type Position = JsonObject;

export interface Page extends Observation {
  readonly tasks: readonly Decoded[];
  /** The API's `Date` header in milliseconds since 1970, if it sent one. */
  readonly serverTime: number | null;
  /** Where to go on after this page has been committed; null after the last page. */
  readonly next: Position | null;
  /** How many rows the whole listing has, as far as the API tells. For progress only. */
  readonly total: number | null;
}

/** The answer for one id: the task, that there is none (any more), or that it can't be read as a task. */
export type SingleAnswer = Observation & { readonly answer: Decoded | 'gone' };

/**
 * Reads one account's tasks. Every method may throw ApiError (see http/errors.ts), and stops at once on `signal`.
 * All pages carry the database's clock, which the client is given as `observe`.
 */
export interface SourceClient {
  /**
   * Every task changed at or after `since` (seconds since 1970), and perhaps more; deleted ones as far as the API lists
   * them. In pages, one request a listing when fewer than 100 changed.
   */
  changes(since: number, signal: AbortSignal): AsyncIterable<Page>;
  /** Ids that may have been deleted since then: hints, never proof. Empty where the API has no such thing. */
  deletionHints(since: number, signal: AbortSignal): AsyncIterable<readonly number[]>;
  /** Every task, deleted ones too where the API lists them, from the beginning or from a page's `next`. */
  walk(from: Position | null, signal: AbortSignal): AsyncIterable<Page>;
  /** One task. `gone` only when the API says of this id that there is no such task, and answers for other ids. */
  read(id: number, signal: AbortSignal): Promise<SingleAnswer>;
}

export interface Source {
  readonly name: SourceName;
  readonly fields: readonly Field[];
  /** How far behind the cursor each poll begins, in seconds: longer than any request may last, and than the API's clock can lie. */
  readonly overlap: number;
  /** Whether an interrupted walk can go on from where it stopped (a page before it), or must begin again. */
  readonly resumable: boolean;
  /** Whether a task that is deleted at the API is gone for good, so that restoring makes a new one. */
  readonly deletesForGood: boolean;
  /** The column that tells, in the mirror, when the API last changed the task. */
  readonly updatedColumn: string;
}
