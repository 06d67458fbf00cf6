import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../../config/duration.js';

/** `--since`: an ISO time (UTC unless it says otherwise) or a duration ago (`2h`). In whole seconds since 1970. */
export function parseSince(text: string, now: number): number {
  const duration = parseDuration(text);
  const at = duration === null ? parseTime(text) : now - duration;
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError('Use a time such as 2026-01-31T09:00:00Z, or a duration ago such as 2h.');
  }
  if (at > now) throw new InvalidArgumentError('That lies in the future.');
  return Math.floor(at / 1_000);
}

function parseTime(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (!match) return Number.NaN;
  const [, day, time = '00:00', zone = 'Z'] = match;
  return Date.parse(`${day}T${time}${zone}`);
}
