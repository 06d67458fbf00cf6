import { canonical, unfit } from './canonical.js';
import {
  type Column,
  type Columns,
  type ColumnType,
  type Field,
  FieldError,
  type Json,
  type JsonObject,
  type Scalar,
} from './source.js';

interface FieldSpec {
  /** The name of the field and of its column. */
  readonly name: string;
  readonly type: ColumnType;
  /** The API's keys for it, the one to write first; the field's own name when not given. */
  readonly keys?: readonly string[];
  readonly writable?: boolean;
  readonly absent?: Scalar;
  /** Turns the API's JSON into the canonical form, where that is not simply the JSON type. Never sees null. */
  readonly parse?: (json: Json) => Scalar;
}

/** A field of one column. `keys` are alternatives: the first one that an answer holds is read. */
export function field(spec: FieldSpec): Field {
  const { name, type, keys = [name], writable = false, absent = null } = spec;
  const column: Column = { name, type, absent };
  const scalar = (task: JsonObject): Scalar | undefined => {
    for (const key of keys) {
      const json = task[key];
      // JSON has no undefined, and no object has such a key from elsewhere.
      if (json === undefined) continue;
      return spec.parse && json !== null ? canonical(column, spec.parse(json)) : fromJson(column, json);
    }
    return undefined;
  };
  return {
    name,
    columns: [column],
    writable,
    keys,
    scalar,
    decode: (task) => {
      const value = scalar(task);
      return value === undefined ? undefined : { [name]: value };
    },
    encode: (columns) => ({ [keys[0] ?? name]: sendable(columns, name) }),
  };
}

/** The canonical value of a JSON value, strict about its JSON type. Throws FieldError. */
export function fromJson(column: Column, json: Json): Scalar {
  if (json === null) return column.absent;
  const expected = JSON_TYPES[column.type];
  if (typeof json !== expected[0]) throw unfit(column.name, json, expected[1]);
  return canonical(column, json);
}

/** A column's value for a request body; a caller that left it out is at fault. */
export function sendable(columns: Columns, name: string): Scalar {
  const value = columns[name];
  if (value === undefined) throw new FieldError(`${name}: no value to send`);
  return value;
}

const JSON_TYPES = {
  text: ['string', 'a string'],
  integer: ['number', 'a whole number'],
  boolean: ['boolean', 'true or false'],
  instant: ['number', 'seconds since 1970'],
  money: ['string', 'a decimal in a string'],
} as const satisfies Record<ColumnType, readonly [string, string]>;
