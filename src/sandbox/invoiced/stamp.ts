import type { InvoicedOptions } from './options.js';

/**
 * The unix seconds that Invoiced writes down for a moment. Kept as local wall time, a moment in the hour that the autumn
 * change repeats reads back as the first time that the clock showed it: an hour early.
 */
export function createStamp(
  options: Pick<InvoicedOptions, 'autumnHour' | 'timeZone'>,
): (milliseconds: number) => number {
  let cached: { hour: number; zone: string; repeated: boolean } | undefined;
  return (milliseconds) => {
    const seconds = Math.floor(milliseconds / 1000);
    if (options.autumnHour === 'true') return seconds;
    // Zones change on the hour, half hour or quarter: asking once a quarter is enough.
    const hour = Math.floor(seconds / 900);
    if (cached?.hour !== hour || cached.zone !== options.timeZone) {
      cached = { hour, zone: options.timeZone, repeated: isRepeated(hour * 900, options.timeZone) };
    }
    return cached.repeated ? seconds - 3600 : seconds;
  };
}

function isRepeated(seconds: number, timeZone: string): boolean {
  return wallTime(seconds, timeZone) === wallTime(seconds - 3600, timeZone);
}

function wallTime(seconds: number, timeZone: string): string {
  return new Date(seconds * 1000).toLocaleString('en-US', {
    timeZone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
}
