import type { Columns, Field, Json, JsonObject, Scalar } from './source.js';

/**
 * An answer's task, completed by what the last answer had for what this one leaves out: a missing key is no edit.
 * A field that is only half there (a rate without its currency) counts as left out. Of alternative keys (`name`, `tname`)
 * only those of the answer stay, so that an old one can't speak for a new one.
 */
export function keepMissing(
  fields: readonly Field[],
  last: JsonObject | null,
  answer: JsonObject,
): JsonObject {
  if (last === null) return answer;
  // A map, since assigning a key `__proto__` to an object is lost.
  const kept = new Map<string, Json>(Object.entries(last));
  for (const field of fields) {
    if (field.decode(answer) !== undefined) for (const key of field.keys) kept.delete(key);
  }
  for (const [key, value] of Object.entries(answer)) kept.set(key, value);
  for (const field of fields) {
    if (field.decode(answer) !== undefined || field.decode(last) === undefined) continue;
    for (const key of field.keys) putBack(kept, last, key);
  }
  return Object.fromEntries(kept);
}

/** All columns of a task as it stands in `raw`; columns whose keys were never seen hold their `absent` value. */
export function columnsOf(fields: readonly Field[], raw: JsonObject): Columns {
  const columns: Record<string, Scalar> = {};
  for (const field of fields) {
    const decoded = field.decode(raw);
    for (const { name, absent } of field.columns) columns[name] = decoded?.[name] ?? absent;
  }
  return columns;
}

/** The members of a request body that set the named fields to these columns (canonical values). */
export function encode(fields: readonly Field[], names: Iterable<string>, columns: Columns): JsonObject {
  const members: JsonObject[] = [];
  for (const name of names) {
    const field = fields.find((each) => each.name === name);
    if (!field?.writable) throw new Error(`${name} is not a field that can be sent`);
    members.push(field.encode(columns));
  }
  return Object.assign({}, ...members);
}

function putBack(kept: Map<string, Json>, last: JsonObject, key: string): void {
  const value = Object.hasOwn(last, key) ? last[key] : undefined;
  if (value === undefined) kept.delete(key);
  else kept.set(key, value);
}
