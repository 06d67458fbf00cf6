import { FieldError } from './source.js';

/** More than any currency's sum needs; keeps an exponent like 1e999999 from filling memory. */
const MAX_DIGITS = 40;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,6}))?$/i;

/** As most amounts come. */
const CANONICAL = /^-?[1-9]\d{0,30}\.\d\d$/;

/**
 * A decimal with exactly two digits after the point, rounded half away from zero: `'2.345'` → `'2.35'`, `'-1e-3'` → `'0.00'`.
 * Of any length: PostgreSQL keeps up to 16,383 digits after the point. Throws FieldError for what is no decimal or has more
 * than 40 digits before the point.
 */
export function moneyOf(name: string, text: string): string {
  if (CANONICAL.test(text)) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text.trim()) ?? [];
  if (whole + fraction === '') throw new FieldError(`${name}: expected a decimal number such as 50.00`);
  const digits = (whole + fraction).replace(/^0+/, '');
  /** How many of the digits stand before the point; below zero, how many zeros after it. */
  const before = digits.length - fraction.length + Number(exponent);
  if (digits !== '' && before > MAX_DIGITS)
    throw new FieldError(`${name}: expected at most ${MAX_DIGITS} digits before the point`);
  const cents = centsOf(digits, before).toString().padStart(3, '0');
  const minus = sign === '-' && cents !== '000' ? '-' : '';
  return `${minus}${cents.slice(0, -2)}.${cents.slice(-2)}`;
}

/** Half goes away from zero, so the third digit after the point decides alone. */
function centsOf(digits: string, before: number): bigint {
  const kept = Math.max(0, before + 3);
  return (BigInt(digits.slice(0, kept).padEnd(digits === '' ? 0 : kept, '0')) + 5n) / 10n;
}
