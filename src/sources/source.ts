/** What every source is: its fields, declared once, and a client that reads its tasks. */

import type { Columns, Field, JsonObject } from '../fields.js';
import type { SourceWriter } from './writer.js';

export type {
  Column,
  Columns,
  ColumnType,
  ConflictPolicy,
  Field,
  Json,
  JsonObject,
  Scalar,
} from '../fields.js';
export { FieldError } from '../fields.js';

export type SourceName = 'invoiced' | 'freshbooks';

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

export interface Page {
  readonly tasks: readonly Decoded[];
  readonly requestedAt: ObservedAt;
  /** When it had arrived. Asks the database's clock, once for all pages that are asked about together; the same whenever it is called again. */
  arrival(): Promise<ObservedAt>;
  /** The API's `Date` header in milliseconds since 1970, if it sent one. */
  readonly serverTime: number | null;
  /** Where to go on after this page has been committed; null after the last page. */
  readonly next: Position | null;
  /** How many rows the whole listing has, as far as the API tells. Only shown; `short` is what may be gone by. */
  readonly total: number | null;
  /** Whether the API counts more rows than it has listed up to here: what is not listed may be there all the same. */
  readonly short: boolean;
}

/** The answer for one id: the task, that there is none (any more), or that it can't be read as a task. */
export type SingleAnswer = Observation & {
  readonly answer: Decoded | 'gone';
  /** The API's `Date` header in milliseconds since 1970, if it sent one. */
  readonly serverTime: number | null;
};

/**
 * Reads and writes one account's tasks. Every method may throw ApiError (see http/errors.ts), and stops at once on `signal`.
 * What it gives carries the database's clock, which the client is given as `observe`.
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
  readonly writer: SourceWriter;
  /** Closes the connections to the API; requests still under way end as network errors. */
  close(): Promise<void>;
}

export interface Source {
  readonly name: SourceName;
  readonly fields: readonly Field[];
  /** How far behind the cursor each poll begins, in seconds: longer than any request may last, and than the API's clock can lie. */
  readonly overlap: number;
  /** How many listings a poll reads: more pages than these mean that what changed filled more than one. */
  readonly listings: number;
  /** Whether an interrupted walk can go on from where it stopped (a page before it), or must begin again. */
  readonly resumable: boolean;
  /** Whether a task that is deleted at the API is gone for good, so that restoring makes a new one. */
  readonly deletesForGood: boolean;
  /** The column that tells, in the mirror, when the API last changed the task. */
  readonly updatedColumn: string;
}
