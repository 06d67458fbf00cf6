import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/config/duration.js';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5s', 1_500],
  ['5m', 300_000],
  ['6h', 21_600_000],
  ['90d', 7_776_000_000],
  ['0', 0],
  ['0s', 0],
])('%s is %d milliseconds', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(['', '60', '-1s', '5 m', '5M', 's', '1e3s', '0.5ms', '9999999999999d', '999999999999d', '60s '])(
  '%j is no duration',
  (text) => {
    expect(parseDuration(text)).toBeNull();
  },
);

test('what is written is read back, exactly', () => {
  fc.assert(
    fc.property(fc.nat({ max: 999_999_999_999 }), (milliseconds) => {
      expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
    }),
  );
});

test('the largest unit that fits is written', () => {
  expect([90_000, 300_000, 86_400_000, 1_500, 0].map(formatDuration)).toEqual([
    '90s',
    '5m',
    '1d',
    '1500ms',
    '0',
  ]);
});
