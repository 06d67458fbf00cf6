import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Queues } from '../../src/jobs/queues.js';
import { reconcileSchedules, type WantedSchedule } from '../../src/jobs/schedules.js';
import { queueState } from '../../src/jobs/state.js';
import { until } from '../servers/index.js';
import { BACKENDS, createCalls, createPlace, DONE } from './harness.js';

const HOUR = 3_600_000;
const poll = (connection: string, everyMs: number): WantedSchedule => ({ connection, kind: 'poll', everyMs });

describe.each(BACKENDS)('schedules on %s', (backend) => {
  test('tick once in each interval, at every connection', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const runs = new Map([
      ['invoiced', 0],
      ['freshbooks', 0],
    ]);
    await place.work(queues, async (work) => {
      expect(work).toEqual({ kind: 'poll', connection: work.connection });
      runs.set(work.connection, (runs.get(work.connection) ?? 0) + 1);
      return DONE;
    });
    const began = performance.now();
    await reconcileSchedules(queues, [poll('invoiced', 400), poll('freshbooks', 400)]);
    await until('both ran five times', () => [...runs.values()].every((times) => times >= 5));
    // A busy machine may be late with one, and never has one more than there were intervals.
    const intervals = Math.ceil((performance.now() - began) / 400) + 1;
    expect(Math.max(...runs.values())).toBeLessThanOrEqual(intervals);
    // What they did stands in sync.runs; the queue keeps nothing of it.
    const counts = await queues.queues.poll.getJobCounts('completed', 'failed');
    expect(counts).toEqual({ completed: 0, failed: 0 });
  });

  test('are made once by any number of workers that start together', async () => {
    const place = await createPlace(backend);
    const processes = await Promise.all([1, 2, 3, 4, 5].map(() => place.open()));
    const wanted = ['a', 'b', 'c'].map((connection) => poll(connection, HOUR));
    await Promise.all(processes.map((queues) => reconcileSchedules(queues, wanted)));
    expect(await scheduled(processes[0])).toEqual({ a: HOUR, b: HOUR, c: HOUR });
    // One job each, waiting for its time.
    expect((await queueState(processes[0] as Queues))[0]).toMatchObject({
      delayed: 3,
      waiting: 0,
      active: 0,
    });
  });

  test('that are right are left as they are', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const wanted = [poll('invoiced', HOUR), { ...poll('invoiced', 6 * HOUR), kind: 'walk' as const }];
    expect(await reconcileSchedules(queues, wanted)).toEqual({ kept: 0, made: 2, removed: 0 });
    const before = await queueState(queues);
    expect(await reconcileSchedules(await place.open(), wanted)).toEqual({ kept: 2, made: 0, removed: 0 });
    expect((await queueState(queues)).map((one) => one.schedules)).toEqual(
      before.map((one) => one.schedules),
    );
  });

  test.each([
    ['shorter', 6 * HOUR, 500],
    ['longer', 500, 6 * HOUR],
  ])('with a %s interval take effect', async (_, from, to) => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const { calls, perform } = createCalls();
    const began = Date.now();
    await reconcileSchedules(queues, [poll('invoiced', from)]);
    expect(await reconcileSchedules(queues, [poll('invoiced', to)])).toMatchObject({ made: 1 });
    expect(await scheduled(queues)).toEqual({ invoiced: to });
    expect((await queueState(queues))[0]).toMatchObject({ delayed: 1 });
    const next = (await queueState(queues))[0]?.schedules[0]?.nextRunAt ?? 0;
    expect(next).toBeGreaterThan(began - 1_000);
    expect(next).toBeLessThanOrEqual(Date.now() + to + 1_000);
    if (to < HOUR) {
      await place.work(queues, perform);
      (await until('it runs', () => calls[0])).answer(DONE);
    }
  });

  test('of connections that are gone are removed, and no others', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await reconcileSchedules(queues, [poll('gone', HOUR), poll('stays', HOUR)]);
    expect(await reconcileSchedules(queues, [poll('stays', HOUR)])).toEqual({ kept: 1, made: 0, removed: 1 });
    expect(await scheduled(queues)).toEqual({ stays: HOUR });
    expect((await queueState(queues))[0]).toMatchObject({ delayed: 1 });
    // And come back when the connection does, at once after it went.
    expect(await reconcileSchedules(queues, [poll('stays', HOUR), poll('gone', HOUR)])).toMatchObject({
      made: 1,
    });
    expect((await queueState(queues))[0]).toMatchObject({ delayed: 2 });
  });

  test('whose job was lost are made anew', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await reconcileSchedules(queues, [poll('invoiced', 300)]);
    await place.loseJobs();
    expect((await queueState(queues))[0]).toMatchObject({ delayed: 0, waiting: 0 });
    const { calls, perform } = createCalls();
    await place.work(queues, perform);
    // As if a few minutes had passed.
    const later = { ...queues, runtime: { ...queues.runtime, now: () => Date.now() + 300_000 } };
    expect(await reconcileSchedules(later, [poll('invoiced', 300)])).toMatchObject({ made: 1 });
    (await until('it runs', () => calls[0])).answer(DONE);
    (await until('it runs again', () => calls[1])).answer(DONE);
  });

  test('whose next run is further away than their interval are made anew', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await reconcileSchedules(queues, [poll('invoiced', HOUR)]);
    // As if it had been scheduled for two hours later.
    const earlier = { ...queues, runtime: { ...queues.runtime, now: () => Date.now() - 2 * HOUR } };
    expect(await reconcileSchedules(earlier, [poll('invoiced', HOUR)])).toMatchObject({ made: 1 });
    expect(await reconcileSchedules(queues, [poll('invoiced', HOUR)])).toMatchObject({ kept: 1 });
    expect((await queueState(queues))[0]).toMatchObject({ delayed: 1, waiting: 0 });
  });

  test('that no worker served wait with one job, however long', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await reconcileSchedules(queues, [poll('invoiced', 200)]);
    await until('several intervals have passed', async () => {
      const next = (await queueState(queues))[0]?.schedules[0]?.nextRunAt ?? Number.POSITIVE_INFINITY;
      return Date.now() > next + 1_000;
    });
    const { calls, perform } = createCalls();
    await place.work(queues, perform);
    (await until('it runs', () => calls[0])).answer(DONE);
    (await until('it runs again', () => calls[1])).answer(DONE);
    expect((await queueState(queues))[0]?.waiting).toBe(0);
  });

  test('of connections with any name come back under that name', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const names = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(names, async (connections) => {
        const wanted = connections.map((connection) => poll(connection, HOUR));
        await reconcileSchedules(queues, wanted);
        expect(Object.keys(await scheduled(queues)).sort()).toEqual([...connections].sort());
        expect(await reconcileSchedules(queues, wanted)).toMatchObject({ made: 0, removed: 0 });
      }),
      { numRuns: 20, examples: [[['a:b:c:d:5', '0', ' ', '__proto__']]] },
    );
  });
});

test('the first runs of many accounts are spread over the interval', async () => {
  const place = await createPlace('redis');
  const queues = await place.open();
  const wanted = Array.from({ length: 120 }, (_, index) => poll(`account-${index}`, 60_000));
  await reconcileSchedules(queues, wanted);
  const seconds = (await queueState(queues))[0]?.schedules.map(
    (one) => Math.floor(one.nextRunAt / 5_000) % 12,
  );
  const counts = Array.from({ length: 12 }, (_, slot) => seconds?.filter((one) => one === slot).length ?? 0);
  // Ten each, give or take.
  expect(Math.min(...counts)).toBeGreaterThan(2);
  expect(Math.max(...counts)).toBeLessThan(25);
});

async function scheduled(queues: Queues | undefined): Promise<Record<string, number>> {
  if (!queues) throw new Error('No queues.');
  const [state] = await queueState(queues);
  return Object.fromEntries(state?.schedules.map((one) => [one.connection, one.everyMs]) ?? []);
}
