import { secondsOfCalendar } from '../instant.js';
import { FieldError } from '../source.js';

const DAY = 86_400;
const WALL = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/;
const formatter = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/New_York',
  timeZoneName: 'longOffset',
});
/** Offsets at UTC midnights: asking Intl costs 1000 times what a look here does, and pages hold few days. */
const midnightOffsets = new Map<number, number>();
/** Midnights by the wall as instants, of days through which the offset stays the same. */
const steadyMidnights = new Map<string, number>();
const MAX_CACHED = 20_000;

/**
 * The instant of a wall time in New York, in seconds since 1970. `text` is `YYYY-MM-DD HH:MM:SS`, years 1 to 9999.
 * In the hour that November repeats, the earlier reading; a time in the hour that March leaves out is read with the
 * offset before the gap, so 02:30 is 03:30. Throws FieldError for what is no such time.
 */
export function easternToInstant(text: string): number {
  const date = text.slice(0, 10);
  const known = steadyMidnights.get(date);
  if (known !== undefined) {
    const seconds = secondsOfDay(text);
    if (!Number.isNaN(seconds)) return known + seconds;
  }
  const match = WALL.exec(text);
  const wall = match ? secondsOfCalendar(match.slice(1).map(Number)) : Number.NaN;
  if (Number.isNaN(wall) || text.startsWith('0000')) {
    throw new FieldError('updated: expected a time such as 2026-11-01 01:30:00');
  }
  const day = Math.floor(wall / DAY);
  const before = offsetAtMidnight(day - 1);
  const after = offsetAtMidnight(day + 2);
  if (before === after) {
    if (steadyMidnights.size >= MAX_CACHED) steadyMidnights.clear();
    steadyMidnights.set(date, day * DAY - before);
    return wall - before;
  }
  if (offsetAt(wall - before) === before) return wall - before;
  return offsetAt(wall - after) === after ? wall - after : wall - before;
}

/** Seconds since midnight of `YYYY-MM-DD HH:MM:SS`; NaN for another form, or a time of day that there is not. */
function secondsOfDay(text: string): number {
  if (text.length !== 19 || text[10] !== ' ' || text[13] !== ':' || text[16] !== ':') return Number.NaN;
  const hours = twoDigits(text, 11);
  const minutes = twoDigits(text, 14);
  const seconds = twoDigits(text, 17);
  return hours < 24 && minutes < 60 && seconds < 60 ? hours * 3600 + minutes * 60 + seconds : Number.NaN;
}

const ZERO = 48;

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** `YYYY-MM-DD HH:MM:SS` in New York at this instant (seconds since 1970). */
export function instantToEastern(instant: number): string {
  const iso = new Date((instant + offsetAt(instant)) * 1000).toISOString();
  return iso.slice(0, 19).replace('T', ' ');
}

/** `YYYY-MM-DD` in New York, `days` after (before, if negative) the day of this instant. */
export function easternDay(instant: number, days = 0): string {
  const wall = instant + offsetAt(instant) + days * DAY;
  return new Date(wall * 1000).toISOString().slice(0, 10);
}

function offsetAtMidnight(day: number): number {
  const known = midnightOffsets.get(day);
  if (known !== undefined) return known;
  if (midnightOffsets.size >= MAX_CACHED) midnightOffsets.clear();
  const offset = offsetAt(day * DAY);
  midnightOffsets.set(day, offset);
  return offset;
}

/** New York's offset from UTC in seconds; before 1883 it is -04:56:02. */
function offsetAt(instant: number): number {
  const parts = formatter.formatToParts(instant * 1000);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes = '0', seconds = '0'] =
    /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name) ?? [];
  if (hours === undefined)
    throw new Error(`this Node.js lacks the time zone America/New_York (it says ${name})`);
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? -offset : offset;
}
