import type { Sample } from './figures.js';

export interface Verdict {
  readonly figure: string;
  readonly early: string;
  readonly late: string;
  readonly most: string;
  readonly bound: string;
  readonly flat: boolean;
}

interface Rule {
  readonly figure: string;
  readonly of: keyof Sample;
  /** What `late` may be, given what it was early: medians of the second quarter of the time and of the last. */
  readonly late: (early: number) => number;
  /** What no sample may be above. */
  readonly most?: number;
  readonly show: (value: number) => string;
}

const MB = 2 ** 20;
const megabytes = (value: number) => `${(value / MB).toFixed(1)} MB`;
const whole = (value: number) => value.toFixed(0);
const milliseconds = (value: number) => `${value.toFixed(1)} ms`;

/** The pool's, the one that listens, and one each that takes the place of one that was cut. */
const MOST_CONNECTIONS = 15;
/** A token's refresh may hold its row so long. */
const LONGEST_TRANSACTION_MS = 20_000;

export const rules: readonly Rule[] = [
  { figure: 'resident memory', of: 'rss', late: (early) => early * 1.15 + 8 * MB, show: megabytes },
  // What V8 compiles and learns of the code goes on growing for long (of two snapshots five minutes apart it was 1.2 MB of 2.1, the rest
  // work in hand). So much in the fifteen minutes between the two quarters of a soak of thirty, which polls sixty times as often as is
  // usual, would be 8 MB in a usual day.
  {
    figure: 'memory held after a collection',
    of: 'held',
    late: (early) => early * 1.05 + 3 * MB,
    show: megabytes,
  },
  { figure: 'open handles', of: 'handles', late: (early) => early + 10, most: 150, show: whole },
  { figure: 'event loop delay, median', of: 'loopP50', late: (early) => early * 1.5 + 5, show: milliseconds },
  { figure: 'event loop delay, p99', of: 'loopP99', late: (early) => early * 2 + 40, show: milliseconds },
  {
    figure: 'PostgreSQL connections',
    of: 'connections',
    late: (early) => early + 3,
    most: MOST_CONNECTIONS,
    show: whole,
  },
  {
    figure: 'oldest transaction',
    of: 'transactionMs',
    // Longer where the machine is busier in the end; steady growth is more, and what does not end at all is above the other bound.
    late: (early) => early * 2 + 1_000,
    most: LONGEST_TRANSACTION_MS,
    show: milliseconds,
  },
  { figure: 'locks waited for', of: 'waitingLocks', late: (early) => early + 1, most: 12, show: whole },
  {
    figure: 'tables of what is under way',
    of: 'stateBytes',
    late: (early) => early * 1.5 + MB,
    show: megabytes,
  },
  {
    figure: 'other tables, for each row',
    of: 'bytesPerRow',
    late: (early) => early * 1.25 + 100,
    show: (value) => `${whole(value)} B`,
  },
  { figure: 'Redis memory', of: 'redisBytes', late: (early) => early * 1.25 + MB, show: megabytes },
  { figure: 'Redis keys', of: 'redisKeys', late: (early) => early + 40, show: whole },
];

/** Compares the second quarter of the time with the last; the first is for warming up. */
export function judge(samples: readonly Sample[]): readonly Verdict[] {
  const end = samples.at(-1)?.at ?? 0;
  const between = (from: number, until: number) =>
    samples.filter(({ at }) => at >= from * end && at <= until * end);
  const [second, last, warm] = [between(0.25, 0.5), between(0.75, 1), between(0.25, 1)];
  if (second.length < 3 || last.length < 3)
    throw new Error(`${samples.length} samples are too few to judge by`);
  return rules.map(({ figure, of, late, most, show }) => {
    const [early, now] = [
      median(second.map((sample) => sample[of])),
      median(last.map((sample) => sample[of])),
    ];
    const highest = Math.max(...warm.map((sample) => sample[of]));
    const bound = late(early);
    return {
      figure,
      early: show(early),
      late: show(now),
      most: show(highest),
      bound: `${show(bound)}${most === undefined ? '' : `, never above ${show(most)}`}`,
      // What can't be told is not flat.
      flat: now <= bound && (most === undefined || highest <= most),
    };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
