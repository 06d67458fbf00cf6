import type { Columns, Field, Scalar } from '../fields.js';

/** A field's value as it stands in the journal: a scalar, or an object by column where it has several. */
export type FieldValue = Scalar | Columns;

/** Whether two sides hold the same value of a field. Both must be in canonical form. */
export function same(field: Field, a: Columns, b: Columns): boolean {
  return field.columns.every(({ name, absent }) => (a[name] ?? absent) === (b[name] ?? absent));
}

/** Whether all the field's columns are there: an answer may leave a field out. */
export function holds(field: Field, columns: Columns): boolean {
  return field.columns.every(({ name }) => name in columns);
}

export function fieldValue(field: Field, columns: Columns | null): FieldValue {
  if (columns === null) return null;
  const [only, ...more] = field.columns;
  if (only !== undefined && more.length === 0) return columns[only.name] ?? only.absent;
  return pick(field, columns);
}

/** The field's own columns out of a whole row's. */
export function pick(field: Field, columns: Columns): Columns {
  return Object.fromEntries(field.columns.map(({ name, absent }) => [name, columns[name] ?? absent]));
}
