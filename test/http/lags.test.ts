import { expect, test } from 'vitest';
import { lagsOf } from '../../src/http/page/lags.js';
import { STRETCH_SECONDS, STRETCHES } from '../../src/http/page/sight.js';

const SINCE = Date.parse('2026-11-25T12:00:00Z') * 1_000;
const at = (stretches: number, seconds: number) => SINCE + (stretches * STRETCH_SECONDS + seconds) * 1e6;
const until = at(STRETCHES, 0);
const pull = (stretch: number, peakSeconds: number | null, pulledAt: number) => ({
  connection: 'invoiced',
  stretch,
  peakSeconds,
  pulledAt,
  pulled: 0,
  pushed: 0,
});

test('the lag of a time is the longest before a pull, or what it had grown to by the end', () => {
  const stretches = [pull(1, null, at(1, 800)), pull(2, 130, at(2, 880)), pull(3, 500, at(3, 100))];
  const lags = lagsOf({ since: SINCE, until, stretches }, 'invoiced', at(3, 100));
  expect(lags).toHaveLength(STRETCHES);
  // Before the first pull; 100 s since it began; 130 s before the second; 800 s since the third, and then a quarter of an hour more each.
  expect(lags.slice(0, 6)).toEqual([null, 100, 130, 800, 1_700, 2_600]);
});

test('a connection that was last pulled before that day has lagged through all of it', () => {
  const lags = lagsOf({ since: SINCE, until, stretches: [] }, 'invoiced', SINCE - 60e6);
  expect([lags[0], lags.at(-1)]).toEqual([960, 86_460]);
});

test('the stretch that is not over yet grows until now', () => {
  const now = at(STRETCHES - 1, 30);
  const lags = lagsOf(
    { since: SINCE, until: now, stretches: [pull(STRETCHES - 1, 5, at(STRETCHES - 1, 10))] },
    'invoiced',
    null,
  );
  expect(lags.at(-1)).toBe(20);
});

test('what was never pulled has no lag', () => {
  expect(lagsOf({ since: SINCE, until, stretches: [] }, 'invoiced', null).every((lag) => lag === null)).toBe(
    true,
  );
});
