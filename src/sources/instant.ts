import { FieldError } from './source.js';

/** The years 1 to 9999 in seconds since 1970: what PostgreSQL, JavaScript and ISO 8601 all write with four digits. */
const FIRST = -62_135_596_800;
const LAST = 253_402_300_799;
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)$/;

/**
 * Whole seconds since 1970, floored. Takes seconds, a Date, or ISO 8601 with an offset as PostgreSQL prints it
 * (`2026-11-01 01:30:00.5-04`). Throws FieldError for anything else, `infinity` and years outside 1–9999 included.
 */
export function instantOf(name: string, value: unknown): number {
  const seconds = Math.floor(secondsOf(value));
  if (!(seconds >= FIRST && seconds <= LAST))
    throw new FieldError(`${name}: expected a time in the years 1 to 9999`);
  return seconds;
}

/** Seconds since 1970 of a UTC calendar time; NaN where there is no such day or time of day. */
export function secondsOfCalendar(parts: readonly number[]): number {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  // Date.UTC reads the years 0 to 99 as 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!exists || hour > 23 || minute > 59 || second > 59) return Number.NaN;
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}

function secondsOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value instanceof Date) return value.getTime() / 1000;
  const match = typeof value === 'string' ? ISO.exec(value) : null;
  if (!match) return Number.NaN;
  const [, , , , , , , sign, hours = '0', minutes = '0', seconds = '0'] = match;
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return secondsOfCalendar(match.slice(1, 7).map(Number)) - (sign === '-' ? -offset : offset);
}
