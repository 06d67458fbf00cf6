const HOUR = 3_600_000;
/** In seconds. */
const DAY = 86_400;

/** UTC hour → how far Eastern wall time is ahead of it, in ms. Offsets change on the full hour only. */
const offsets = new Map<number, number>();

const parts = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/New_York',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
});

/**
 * What a clock on a wall in New York shows at that instant (ms since 1970), as seconds since 1970 *of wall time*. The
 * API stores nothing else, so the hour that November repeats can't be told apart afterwards.
 */
export function easternWall(instant: number): number {
  const hour = Math.floor(instant / HOUR);
  let offset = offsets.get(hour);
  if (offset === undefined) {
    offset = easternOffset(hour * HOUR);
    if (offsets.size > 100_000) offsets.clear();
    offsets.set(hour, offset);
  }
  return Math.floor((instant + offset) / 1000);
}

/** Days since 1970 → as printed: each task on a page has one, and a `Date` prints slowly. */
const days = new Map<number, string>();

/** Whole seconds of wall time as `YYYY-MM-DD HH:MM:SS`, as the API prints `updated`. */
export function formatWall(wall: number): string {
  const day = Math.floor(wall / DAY);
  let date = days.get(day);
  if (date === undefined) {
    date = new Date(day * DAY * 1000).toISOString().slice(0, 10);
    if (days.size > 100_000) days.clear();
    days.set(day, date);
  }
  const second = wall - day * DAY;
  return `${date} ${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
}

const two = (number: number): string => (number < 10 ? `0${number}` : `${number}`);

/** Midnight of a `YYYY-MM-DD` as ms since 1970, read as UTC; null for anything else, times of day included. */
export function parseDay(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const day = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== text ? null : day;
}

function easternOffset(instant: number): number {
  const part = new Map(parts.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const wall = Date.UTC(
    part.get('year') ?? 0,
    (part.get('month') ?? 1) - 1,
    part.get('day') ?? 1,
    part.get('hour') ?? 0,
  );
  return wall - instant;
}
