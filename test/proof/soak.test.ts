import { expect, test } from 'vitest';
import type { Sample } from './soak/figures.js';
import { judge, rules } from './soak/judge.js';

const MB = 2 ** 20;

/** As a daemon of ours looks that has warmed up. */
const calm: Omit<Sample, 'at'> = {
  rss: 130 * MB,
  held: 32 * MB,
  handles: 37,
  loopP50: 11,
  loopP99: 20,
  connections: 13,
  transactionMs: 40,
  waitingLocks: 0,
  stateBytes: 300_000,
  bytesPerRow: 1_500,
  rows: 10_000,
  redisBytes: MB,
  redisKeys: 30,
};

/** Ten minutes; `change` tells how a figure differs at that share of the time. */
const soaked = (change: (share: number) => Partial<Sample>): readonly Sample[] =>
  Array.from({ length: 120 }, (_, n) => ({ ...calm, at: n * 5, ...change(n / 119) }));

const failed = (samples: readonly Sample[]) =>
  judge(samples)
    .filter(({ flat }) => !flat)
    .map(({ figure }) => figure);

test('what stays, warms up or swings is flat', () => {
  expect(failed(soaked(() => ({})))).toEqual([]);
  expect(failed(soaked((share) => ({ held: (share < 0.2 ? 10 : 32) * MB })))).toEqual([]);
  expect(failed(soaked((share) => ({ rss: (130 + 6 * Math.sin(60 * share)) * MB })))).toEqual([]);
});

test.each(rules)('$figure that grows is noticed', ({ figure, of }) => {
  const grows = (share: number) => ({ [of]: (calm[of as keyof typeof calm] + 1) * (1 + 400 * share) });
  expect(failed(soaked(grows))).toContain(figure);
});

test('a slow leak is noticed', () => {
  expect(failed(soaked((share) => ({ held: (32 + 20 * share) * MB })))).toEqual([
    'memory held after a collection',
  ]);
});

test.each(rules.flatMap(({ most, ...rule }) => (most === undefined ? [] : [{ ...rule, most }])))(
  '$figure that is too high but once is noticed',
  ({ figure, of, most }) => {
    const samples = soaked(() => ({})).map((sample, n) =>
      n === 60 ? { ...sample, [of]: most + 1 } : sample,
    );
    expect(failed(samples)).toEqual([figure]);
  },
);

test('a figure that is missing is not flat', () => {
  expect(failed(soaked(() => ({ redisBytes: Number.NaN })))).toEqual(['Redis memory']);
});

test('too few samples prove nothing', () => {
  expect(() => judge(soaked(() => ({})).slice(0, 4))).toThrow(/too few/);
});
