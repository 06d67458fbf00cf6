import type { Column, Field, Json } from '../fields.js';
import { printableLine } from '../printable.js';

/**
 * A field's value for programs: a scalar, an object by column where the field has several, null for no task. Canonical but for
 * instants, which become ISO 8601 in UTC.
 */
export function jsonOf(field: Field | undefined, value: Json): Json {
  if (field === undefined || value === null) return value;
  const [only, ...more] = field.columns;
  if (only !== undefined && more.length === 0) return scalarOf(only, value);
  const parts = value as { readonly [column: string]: Json };
  return Object.fromEntries(
    field.columns.map((column) => [column.name, scalarOf(column, parts[column.name] ?? null)]),
  );
}

/** The same for a person, cut to `most` letters: `"Call"`, `50.00 USD`, `nothing`. */
export function told(field: Field | undefined, value: Json, most = LONGEST): string {
  const json = jsonOf(field, value);
  if (json !== null && typeof json === 'object' && !Array.isArray(json)) {
    const parts = Object.values(json).filter((part) => part !== null);
    return parts.length === 0 ? 'nothing' : short(parts.map(String).join(' '), most);
  }
  if (json === null) return 'nothing';
  const text = field?.columns.some(({ type }) => type === 'text') ?? typeof json === 'string';
  return short(text ? JSON.stringify(json) : String(json), most);
}

/** `row 12, task 345 "Call customer"`; without a task while the API has none. */
export function namedRow(rowId: string, id: number | null, name: string | null, most = LONGEST): string {
  const task = id === null ? '' : `, task ${id}`;
  return `row ${rowId}${task}${name === null ? '' : ` ${short(JSON.stringify(name), most)}`}`;
}

/** Microseconds since 1970 as ISO 8601 in UTC, to the second. */
export function at(micros: number): string {
  return new Date(micros / 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

const LONGEST = 60;

function scalarOf({ type }: Column, value: Json): Json {
  return type === 'instant' && typeof value === 'number' ? at(value * 1e6) : value;
}

/** Values come from elsewhere, and may be long: fit for one line, and cut. What is quoted stays so. */
export function short(text: string, most = LONGEST): string {
  const letters = [...printableLine(text)];
  if (letters.length <= most) return letters.join('');
  const end = text.startsWith('"') ? '…"' : '…';
  return `${letters.slice(0, most - end.length).join('')}${end}`;
}
