import { encode } from './raw.js';
import type { Columns, Field, JsonObject } from './source.js';

/** What a create sends: every writable field that holds more than the API fills in by itself. Nulls say nothing there. */
export function createdMembers(fields: readonly Field[], columns: Columns): JsonObject {
  const told = dataOf(fields).filter((field) =>
    field.columns.some(({ name, absent }) => (columns[name] ?? absent) !== absent),
  );
  const members = Object.entries(encode(fields, told.map(nameOf), columns));
  return Object.fromEntries(members.filter(([, value]) => value !== null));
}

/** What an update of these fields sends, visibility aside; null when that is nothing. */
export function changedMembers(
  fields: readonly Field[],
  columns: Columns,
  pending: readonly string[],
): JsonObject | null {
  const changed = dataOf(fields).filter(({ name }) => pending.includes(name));
  return changed.length === 0 ? null : encode(fields, changed.map(nameOf), columns);
}

function dataOf(fields: readonly Field[]): readonly Field[] {
  return fields.filter(({ writable, name }) => writable && name !== 'vis_state');
}

function nameOf({ name }: Field): string {
  return name;
}
