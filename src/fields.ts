/** What a task is made of. Known to all rooms, so that they need not know each other. */

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
  /** What `decode` reads, without an object around it: of a field whose one column bears its name. A page has a thousand such values. */
  readonly scalar?: (task: JsonObject) => Scalar | undefined;
  /** The members of a request body that set the field to these columns. */
  encode(columns: Columns): JsonObject;
  /** Overrules CONFLICT_POLICY where one side plainly owns the field. */
  readonly policy?: ConflictPolicy;
}

/** A value that the field can't hold: says which key, what came, and what was expected. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
}
