import { FieldError } from './source.js';

/** More than any currency's sum needs; keeps an exponent like 1e999999 from filling memory. */
const MAX_DIGITS = 40;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i;

/**
 * A decimal with exactly two digits after the point, rounded half away from zero: `'2.345'` → `'2.35'`, `'-1e-3'` → `'0.00'`.
 * Throws FieldError for what is no decimal or has more than 40 digits before the point.
 */
export function moneyOf(name: string, text: string): string {
  const parts = text.length <= 400 ? DECIMAL.exec(text.trim()) : null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts ?? [];
  const digits = whole + fraction;
  if (digits === '') throw new FieldError(`${name}: expected a decimal number such as 50.00`);
  const cents = toCents(BigInt(digits), fraction.length - Number(exponent));
  const padded = cents.toString().padStart(3, '0');
  if (padded.length > MAX_DIGITS + 2)
    throw new FieldError(`${name}: expected at most ${MAX_DIGITS} digits before the point`);
  const minus = sign === '-' && cents !== 0n ? '-' : '';
  return `${minus}${padded.slice(0, -2)}.${padded.slice(-2)}`;
}

function toCents(digits: bigint, decimals: number): bigint {
  if (decimals <= 2) return digits * 10n ** BigInt(2 - decimals);
  const unit = 10n ** BigInt(decimals - 2);
  return (digits * 2n + unit) / (unit * 2n);
}
