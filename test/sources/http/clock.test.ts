import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/runtime.js';
import { openClock } from '../../../src/sources/http/clock.js';
import { until } from '../../servers/index.js';

const list = { route: 'tasks.list', method: 'GET', path: '/tasks' } as const;
const single = { ...list, route: 'tasks.get', path: '/tasks/5' } as const;

/** A clock of the database that each reading moves on by one, and a machine's clock that stands where it is put. */
function clocks() {
  const machine = { now: 1_000, elapsed: 0 };
  let readings = 0;
  const clock = openClock({
    observe: async () => ++readings,
    runtime: { ...systemRuntime, now: () => machine.now, elapsed: () => machine.elapsed },
  });
  return { machine, clock };
}

test('a listing asked for right after an answer bears the time of that answer', async () => {
  const { machine, clock } = clocks();
  expect(await clock.before(list)).toBe(1);
  expect(await clock.read()).toBe(2);
  machine.now += 49;
  expect(await clock.before(list)).toBe(2);
});

test.each([
  ['later', 50],
  ['by a machine whose clock was set back', -1],
])('one that is asked for %s reads the clock', async (_, ms) => {
  const { machine, clock } = clocks();
  await clock.read();
  machine.now += ms;
  expect(await clock.before(list)).toBe(2);
});

test('what is asked of one task reads the clock: a row that was just written must not make it late', async () => {
  const { clock } = clocks();
  await clock.read();
  expect(await clock.before(single)).toBe(2);
});

test('readings that arrive out of order move it only on', async () => {
  const waiting: ((at: number) => void)[] = [];
  const clock = openClock({
    observe: () => new Promise((resolve) => waiting.push(resolve)),
    runtime: { ...systemRuntime, now: () => 0 },
  });
  const first = clock.arrival()();
  await until('the first has begun', () => waiting.length === 1);
  const both = [first, clock.arrival()()];
  await until('both have begun', () => waiting.length === 2);
  waiting[1]?.(8);
  await both[1];
  waiting[0]?.(7);
  await both[0];
  expect(await clock.before(list)).toBe(8);
});

test('answers that are asked about together have one reading, less what each has waited for it, and keep it', async () => {
  const { machine, clock } = clocks();
  const early = clock.arrival();
  machine.elapsed += 20;
  const late = clock.arrival();
  machine.elapsed += 5;
  // A little less than they have waited: they must not seem to have come too early.
  expect(await Promise.all([early(), late()])).toEqual([1 - 24_750, 1 - 4_950]);
  machine.elapsed += 100;
  expect(await early()).toBe(1 - 24_750);
  // By no clock that somebody may set.
  const other = clock.arrival();
  machine.now += 3_600_000;
  expect(await other()).toBe(2);
});

test('an answer that came once a reading had begun has another one', async () => {
  const waiting: ((at: number) => void)[] = [];
  const clock = openClock({
    observe: () => new Promise((resolve) => waiting.push(resolve)),
    runtime: { ...systemRuntime, elapsed: () => 0 },
  });
  const before = clock.arrival()();
  await until('it has begun', () => waiting.length === 1);
  const after = clock.arrival()();
  await until('the other has begun', () => waiting.length === 2);
  waiting[0]?.(7);
  waiting[1]?.(8);
  expect([await before, await after]).toEqual([7, 8]);
});
