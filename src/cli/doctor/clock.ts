import { span } from '../../words/figures.js';
import { type Finding, findingsOf } from './finding.js';

const { ok, failed } = findingsOf('clock');

/** More is no network's delay. */
const MOST_MS = 60_000;

/** Compares another clock with this machine's; both in milliseconds since 1970. */
export function checkClock(whose: string, theirs: number | null, ours: number): readonly Finding[] {
  if (theirs === null) return [];
  const off = theirs - ours;
  if (Math.abs(off) <= MOST_MS) return [ok(whose, 'Its clock agrees with this one.')];
  const side = off > 0 ? 'behind' : 'ahead of';
  return [
    failed(
      whose,
      `This machine's clock is ${span(Math.abs(off) / 1_000)} ${side} it.`,
      'Set the clocks by a time server (NTP): the later edit wins by them, and tokens are renewed by them.',
    ),
  ];
}
