import { instantOf } from './instant.js';
import { moneyOf } from './money.js';
import { type Column, FieldError, type Scalar } from './source.js';

/**
 * A value in the column's canonical form, in the API's own precision, so that equal values are identical (`===`).
 * Takes what the API and what a PostgreSQL driver give: a bigint or its digits for `integer`, a Date or ISO 8601 for `instant`,
 * any decimal for `money`. Null becomes what the API shows for nothing (`''`, `0`) where the column knows such a value.
 * Throws FieldError for a value that the column can't hold.
 */
export function canonical(column: Column, value: unknown): Scalar {
  if (value === null || value === undefined) return column.absent;
  const { name } = column;
  switch (column.type) {
    case 'text':
      if (typeof value === 'string') return value;
      throw unfit(name, value, 'text');
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw unfit(name, value, 'true or false');
    case 'integer':
      return integerOf(name, value);
    case 'money':
      if (typeof value !== 'string' && typeof value !== 'number')
        throw unfit(name, value, 'a decimal number');
      return moneyOf(name, String(value));
    case 'instant':
      return instantOf(name, value);
  }
}

/** `name: expected …, got a string`: names the kind of what came, never the value. */
export function unfit(name: string, value: unknown, expected: string): FieldError {
  return new FieldError(`${name}: expected ${expected}, got ${kindOf(value)}`);
}

function integerOf(name: string, value: unknown): number {
  const digits = typeof value === 'bigint' || (typeof value === 'string' && /^-?\d+$/.test(value));
  const number = digits ? Number(value) : value;
  if (!Number.isSafeInteger(number)) throw unfit(name, value, 'a whole number within ±2^53');
  // `-0` would not survive the database.
  return (number as number) + 0;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return `the number ${value}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
