import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { enqueueNow, requestResync } from '../../src/jobs/requests.js';
import { reconcileSchedules } from '../../src/jobs/schedules.js';
import { queueState } from '../../src/jobs/state.js';
import { until } from '../servers/index.js';
import { BACKENDS, createCalls, createPlace, DONE, endOf } from './harness.js';

const changes = { connection: 'invoiced', full: false, since: null, force: false } as const;

describe.each(BACKENDS)('workers on %s', (backend) => {
  test('take turns between the long walks of several accounts', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    for (const connection of ['a', 'b', 'c']) await enqueueNow(queues, 'walk', connection);
    const slices: string[] = [];
    const work = async ({ connection }: { connection: string }) => {
      slices.push(connection);
      return slices.filter((slice) => slice === connection).length < 4
        ? ({ state: 'continue' } as const)
        : DONE;
    };
    await place.work(queues, work, { concurrency: { walk: 1 } });
    await until('all walks are over', () => slices.length === 12);
    expect(slices.join('')).toBe('abcabcabcabc');
  });

  test('do not let the slices of one walk hold up an account that comes later', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const { calls, perform } = createCalls();
    await place.work(queues, perform, { concurrency: { walk: 1 } });
    await enqueueNow(queues, 'walk', 'long');
    const first = await until('the long walk runs', () => calls[0]);
    await enqueueNow(queues, 'walk', 'late');
    first.answer({ state: 'continue' });
    const second = await until('another slice runs', () => calls[1]);
    expect(second.work).toEqual({ kind: 'walk', connection: 'late' });
    second.answer(DONE);
    const third = await until('the long walk goes on', () => calls[2]);
    expect(third.work).toEqual({ kind: 'walk', connection: 'long', continued: true });
    third.answer(DONE);
  });

  test('go on with a scheduled walk in slices, which make no further schedules', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await reconcileSchedules(queues, [{ connection: 'invoiced', kind: 'walk', everyMs: 1_000 }]);
    let slices = 0;
    const began = performance.now();
    await place.work(queues, async () => {
      slices++;
      return slices < 20 ? { state: 'continue' } : DONE;
    });
    await until('the walk is over', () => slices >= 20);
    const walk = (await queueState(queues)).find((one) => one.kind === 'walk');
    expect(walk?.schedules).toHaveLength(1);
    // The next one of the schedule, and one more for each second that a busy machine took.
    const seconds = Math.floor((performance.now() - began) / 1_000);
    expect((walk?.delayed ?? 0) + (walk?.waiting ?? 0)).toBeLessThanOrEqual(1 + seconds);
  });

  test('drop scheduled work that meets another run, and its schedule goes on', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await reconcileSchedules(queues, [{ connection: 'invoiced', kind: 'poll', everyMs: 300 }]);
    let runs = 0;
    await place.work(queues, async () => {
      runs++;
      return { state: 'busy', retryAfterMs: 60_000 };
    });
    await until('it ran three times', () => runs >= 3);
    // None is put off: what is delayed is the schedule's next one.
    const left = await until('none is under way', async () => {
      const [poll] = await queueState(queues);
      return poll?.waiting === 0 && poll.active === 0 && poll;
    });
    expect(left.failed).toBe(0);
    expect(left.delayed).toBeLessThanOrEqual(1);
  });

  test('fail scheduled work visibly and only once, and its schedule goes on', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await reconcileSchedules(queues, [{ connection: 'invoiced', kind: 'poll', everyMs: 300 }]);
    let runs = 0;
    await place.work(queues, async () => {
      runs++;
      if (runs === 1) throw new Error('The database went away.');
      return { state: 'done', runId: '1', outcome: 'failed', error: 'The API says no.' };
    });
    await until('two runs have failed', async () => (await queueState(queues))[0]?.failed === 2);
    const failed = await queues.queues.poll.getFailed(0, 10);
    expect(failed.map((job) => job.failedReason).sort()).toEqual([
      'The API says no.',
      'The database went away.',
    ]);
  });

  test('write no parameter of a failed statement into a job', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await enqueueNow(queues, 'poll', 'invoiced');
    await place.work(queues, async () => {
      const cause = new Error('deadlock detected');
      throw Object.assign(new Error('Failed query: … params: hunter2', { cause }), { params: ['hunter2'] });
    });
    const [job] = await until('it waits for its next attempt', async () => {
      const delayed = await queues.queues.poll.getDelayed(0, 10);
      return delayed.length > 0 && delayed;
    });
    expect(job?.stacktrace?.join()).toContain('deadlock detected');
    expect(JSON.stringify(job)).not.toContain('hunter2');
  });

  test('without a secret leave the work to those that have it', async () => {
    const place = await createPlace(backend);
    const [here, there] = [await place.open(), await place.open()];
    let refused = 0;
    const began = performance.now();
    await place.work(here, async () => {
      refused++;
      return { state: 'elsewhere' };
    });
    const requests = [];
    for (const connection of ['a', 'b', 'c', 'd'])
      requests.push(await requestResync(here, { ...changes, connection }));
    await until('the worker without the secret has had them all', () => refused >= requests.length);
    await place.work(there, async () => DONE);
    // Which of both takes it each time is chance, and each time that it is the wrong one it waits twice as long.
    for (const request of requests) {
      expect(await endOf(here, request, 50_000)).toMatchObject({ state: 'ok' });
    }
    // Put back with a growing delay: never hot.
    expect(refused).toBeLessThan(40 + perSecond(began, 4));
  });

  test('give a scheduled job up when nobody has the secret, since the next one comes', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const began = performance.now();
    await reconcileSchedules(queues, [{ connection: 'invoiced', kind: 'poll', everyMs: 400 }]);
    let refused = 0;
    await place.work(queues, async () => {
      refused++;
      return { state: 'elsewhere' };
    });
    await until('two were given up', async () => ((await queueState(queues))[0]?.failed ?? 0) >= 2);
    const state = (await queueState(queues))[0];
    expect((state?.waiting ?? 0) + (state?.delayed ?? 0)).toBeLessThan(5);
    expect(refused).toBeLessThan(30 + perSecond(began, 10));
  });

  test('that stop tell their runs to stop, and leave them for the next worker', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const requested = await requestResync(queues, changes);
    const { calls, perform } = createCalls();
    const workers = await place.work(queues, perform, { concurrency: { poll: 1 } });
    const waiting = await requestResync(queues, { ...changes, force: true });
    const call = await until('it runs', () => calls[0]);
    call.signal.addEventListener('abort', () => {
      call.answer({ state: 'done', runId: '1', outcome: 'interrupted', error: null });
    });
    await workers.close(5_000);
    expect(call.signal.aborted).toBe(true);
    expect(calls).toHaveLength(1);

    await place.work(await place.open(), async () => DONE);
    expect(await endOf(queues, requested)).toMatchObject({ state: 'ok' });
    expect(await endOf(queues, waiting)).toMatchObject({ state: 'ok' });
    const job = await queues.queues.poll.getJob(requested.jobId);
    expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 0 });
  });

  test('that stop do not wait for a run that hangs; another worker takes it over', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const requested = await requestResync(queues, changes);
    const { calls, perform } = createCalls();
    const settings = { lockDuration: 1_000, stalledInterval: 300 };
    const workers = await place.work(queues, perform, settings);
    const call = await until('it runs', () => calls[0]);
    const start = performance.now();
    await workers.close(200);
    // Not as long as it hangs.
    expect(performance.now() - start).toBeLessThan(8_000);
    await place.work(await place.open(), async () => DONE, settings);
    expect(await endOf(queues, requested)).toMatchObject({ state: 'ok' });
    call.answer(DONE);
  });

  test('tell a run to stop whose job another worker may have begun', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await enqueueNow(queues, 'poll', 'invoiced');
    const { calls, perform } = createCalls();
    await place.work(queues, perform, { lockDuration: 1_000, stalledInterval: 60_000 });
    const call = await until('it runs', () => calls[0]);
    await place.loseLocks();
    await until('it is told to stop', () => call.signal.aborted);
    call.answer({ state: 'done', runId: '1', outcome: 'interrupted', error: null });
  });

  test('tie no job to their own life by what Node 20 never lets go', async () => {
    // Each signal that it makes leaves some 60 bytes with the worker's own, which lives as long as the process: of a thousand accounts,
    // a quarter of a gigabyte a day.
    const any = vi.spyOn(AbortSignal, 'any');
    onTestFinished(() => any.mockRestore());
    const place = await createPlace(backend);
    const queues = await place.open();
    await enqueueNow(queues, 'poll', 'invoiced');
    const { calls, perform } = createCalls();
    await place.work(queues, perform);
    (await until('it runs', () => calls[0])).answer(DONE);
    await until('it is over', async () => (await queueState(queues))[0]?.active === 0);
    expect(any).not.toHaveBeenCalled();
  });

  test('close at once when nothing runs', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const workers = await place.work(queues, async () => DONE);
    const start = performance.now();
    await workers.close(10_000);
    // Not the ten seconds that it may take where something runs.
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('fail a job that is none of ours', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await place.work(queues, async () => DONE);
    const job = await queues.queues.poll.add('x', JSON.parse('{"nobody": 1}'));
    await until('it has failed', async () => (await job.getState()) === 'failed');
  });
});

/** So many for each second since then: on a busy machine all takes longer, and more happens meanwhile. */
const perSecond = (began: number, many: number): number => ((performance.now() - began) / 1_000) * many;
