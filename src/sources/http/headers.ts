const HOUR = 3_600_000;

type Header = (name: string) => string | null;

/** The end of the year 9999: what is later no database need hold. */
const LATEST = 253_402_300_799_999;

/** The `Date` header in milliseconds since 1970; null for none, and for one before 1970 or after 9999, which is no clock's. */
export function serverTimeOf(header: Header): number | null {
  const time = Date.parse(header('date') ?? '');
  return time >= 0 && time <= LATEST ? time : null;
}

/**
 * How long `Retry-After` asks to wait, in milliseconds, at most an hour. It counts on 429 and 503 alone:
 * FreshBooks sends it with every success.
 */
export function retryAfterOf(status: number, header: Header, now: number): number | null {
  const value = header('retry-after')?.trim();
  if (!value || (status !== 429 && status !== 503)) return null;
  const wait = /^\d+(\.\d+)?$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - (serverTimeOf(header) ?? now);
  return Number.isNaN(wait) ? null : Math.min(Math.max(wait, 0), HOUR);
}
