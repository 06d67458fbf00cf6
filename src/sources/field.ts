import { canonical, unfit } from './canonical.js';
import {
  type Column,
  type Columns,
  type ColumnType,
  type Field,
  FieldError,
  type Json,
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
  return {
    name,
    columns: [column],
    writable,
    keys,
    decode: (task) => {
      const key = keys.find((each) => Object.hasOwn(task, each));
      if (key === undefined) return undefined;
      const json = task[key] ?? null;
      return {
        [name]: spec.parse && json !== null ? canonical(column, spec.parse(json)) : fromJson(column, json),
      };
    },
    encode: (columns) => ({ [keys[0] ?? name]: sendable(columns, name) }),
  };
}

/** The canonical value of a JSON value, strict about its JSON type. Throws FieldError. */
export function fromJson(column: Column, json: Json): Scalar {
  const [jsonType, expected] = JSON_TYPES[column.type];
  if (json !== null && typeof json !== jsonType) throw unfit(column.name, json, expected);
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
