import { describe, expect, test } from 'vitest';
import { followResync } from '../../src/jobs/follow.js';
import { KINDS } from '../../src/jobs/kinds.js';
import { enqueueNow, enqueuePush, enqueueScanned, requestResync } from '../../src/jobs/requests.js';
import { queueState } from '../../src/jobs/state.js';
import type { WorkResult } from '../../src/sync/work.js';
import { until } from '../servers/index.js';
import { BACKENDS, createCalls, createPlace, DONE, endOf } from './harness.js';

const changes = { connection: 'invoiced', full: false, since: null, force: false } as const;

describe.each(BACKENDS)('a resync request on %s', (backend) => {
  test('is done by a worker and tells how it ended', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const requested = await requestResync(queues, { ...changes, full: true });
    await place.work(queues, async (work) => {
      expect(work).toEqual({ kind: 'walk', connection: 'invoiced', request: requested.request });
      return { state: 'done', runId: '7', outcome: 'ok', error: null };
    });
    expect(await endOf(queues, requested)).toEqual({ state: 'ok', progress: null, runId: '7' });
  });

  test.each(['failed', 'stopped'] as const)(
    'that %s ends as failed, with the words of the run, and is not tried again',
    async (outcome) => {
      const place = await createPlace(backend);
      const queues = await place.open();
      const requested = await requestResync(queues, changes);
      const { calls, perform } = createCalls();
      await place.work(queues, perform);
      const call = await until('it runs', () => calls[0]);
      call.answer({ state: 'done', runId: '7', outcome, error: 'Too many deletions.' });
      expect(await endOf(queues, requested)).toEqual({
        state: outcome,
        progress: null,
        runId: '7',
        error: 'Too many deletions.',
      });
      const [poll] = await queueState(queues);
      expect(poll).toMatchObject({ kind: 'poll', waiting: 0, delayed: 0, active: 0, failed: 1 });
    },
  );

  test('with nothing to do tells why', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const requested = await requestResync(queues, changes);
    await place.work(queues, async () => ({ state: 'skipped', reason: 'invoiced is paused' }));
    expect(await endOf(queues, requested)).toEqual({ state: 'skipped', reason: 'invoiced is paused' });
  });

  test('that meets a fault which heals is tried again', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const requested = await requestResync(queues, changes);
    const { calls, perform } = createCalls();
    await place.work(queues, perform);
    (await until('it runs', () => calls[0])).fail(new Error('The database went away.'));
    (await until('it runs again', () => calls[1])).answer(DONE);
    expect(await endOf(queues, requested)).toMatchObject({ state: 'ok' });
  });

  test('that waits is taken for an equal one, which is followed in its place', async () => {
    const place = await createPlace(backend);
    const [here, there] = [await place.open(), await place.open()];
    const asked = await Promise.all([here, there, here, there].map((each) => requestResync(each, changes)));
    expect(new Set(asked.map((one) => one.jobId)).size).toBe(1);
    expect(new Set(asked.map((one) => one.request.id)).size).toBe(1);
    expect(asked.filter((one) => !one.deduplicated)).toHaveLength(1);
    expect((await queueState(here))[0]).toMatchObject({ kind: 'poll', waiting: 1 });
  });

  test('that asks for less, or for something else, does not swallow a greater one', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const asked = [
      await requestResync(queues, changes),
      await requestResync(queues, { ...changes, force: true }),
      await requestResync(queues, { ...changes, since: 1_700_000_000 }),
      await requestResync(queues, { ...changes, since: 1_600_000_000 }),
      await requestResync(queues, { ...changes, full: true }),
      await requestResync(queues, { ...changes, full: true, force: true }),
      await requestResync(queues, { ...changes, connection: 'freshbooks' }),
    ];
    expect(asked.map((one) => one.deduplicated)).toEqual(asked.map(() => false));
    expect(new Set(asked.map((one) => one.jobId)).size).toBe(asked.length);
  });

  test('that runs does not swallow a later equal one, nor does its end free the later one to be doubled', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const { calls, perform } = createCalls();
    await place.work(queues, perform, { concurrency: { poll: 1 } });
    const first = await requestResync(queues, changes);
    const running = await until('the first runs', () => calls[0]);
    const second = await requestResync(queues, changes);
    expect(second).toMatchObject({ deduplicated: false });
    expect(second.jobId).not.toBe(first.jobId);

    const third = await requestResync(queues, changes);
    expect(third).toMatchObject({ deduplicated: true, jobId: second.jobId, request: second.request });
    running.answer(DONE);
    expect(await endOf(queues, first)).toMatchObject({ state: 'ok' });
    (await until('the second runs', () => calls[1])).answer(DONE);
    expect(await endOf(queues, second)).toMatchObject({ state: 'ok' });
    expect(calls.map((call) => call.work.request?.id)).toEqual([first.request.id, second.request.id]);
  });

  test('that meets another run waits for its turn, and is taken for an equal one while it waits', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    let busy = true;
    const attempts: string[] = [];
    await place.work(queues, async (work) => {
      attempts.push(work.request?.id ?? '');
      return busy ? { state: 'busy', retryAfterMs: 300 } : DONE;
    });
    const requested = await requestResync(queues, changes);
    await until('it met the other run three times', () => attempts.length >= 3);
    const again = await until('it waits again', async () => {
      const equal = await requestResync(queues, changes);
      return equal.deduplicated && equal;
    });
    expect(again.deduplicated).toBe(true);
    busy = false;
    expect(await endOf(queues, requested)).toMatchObject({ state: 'ok' });
  });

  test('keeps its id, its attempts and its progress through the slices of a walk', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const { calls, perform } = createCalls();
    await place.work(queues, perform);
    const requested = await requestResync(queues, { ...changes, full: true });
    for (const slice of [0, 1, 2]) {
      const call = await until(`slice ${slice} runs`, () => calls[slice]);
      expect(call.work.continued).toBe(slice > 0 ? true : undefined);
      expect(call.work.request).toEqual(requested.request);
      call.progress({ pages: slice + 1, rows: 100 * (slice + 1), total: 300 });
      call.answer(slice < 2 ? { state: 'continue' } : DONE);
    }
    expect(await endOf(queues, requested)).toMatchObject({
      state: 'ok',
      progress: { pages: 3, rows: 300, total: 300 },
    });
    const job = await queues.queues.walk.getJob(requested.jobId);
    expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 0 });
  });

  test('that has begun is not taken for an equal one between its slices', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const { calls, perform } = createCalls();
    const workers = await place.work(queues, perform, { concurrency: { walk: 1 } });
    const requested = await requestResync(queues, { ...changes, full: true });
    const call = await until('its first slice runs', () => calls[0]);
    const closed = workers.close(5_000);
    call.answer({ state: 'continue' });
    await closed;
    expect(await requestResync(queues, { ...changes, full: true })).toMatchObject({ deduplicated: false });
    expect(requested.deduplicated).toBe(false);
  });

  test('tells its progress, and whether a worker is there', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const requested = await requestResync(queues, changes);
    const states = followResync(queues, requested, AbortSignal.timeout(15_000));
    expect((await states.next()).value).toEqual({ state: 'waiting', progress: null, workers: 0 });

    const { calls, perform } = createCalls();
    await place.work(queues, perform);
    const call = await until('it runs', () => calls[0]);
    call.progress({ pages: 2, rows: 200, total: null });
    for await (const state of states) {
      if (state.state === 'running' && state.progress) {
        expect(state.progress).toEqual({ pages: 2, rows: 200, total: null });
        call.answer(DONE);
      }
      if (state.state === 'ok') break;
    }
    expect((await queueState(queues)).map((one) => one.workers)).toEqual(KINDS.map(() => 1));
  });

  test('whose job was removed has vanished', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const requested = await requestResync(queues, changes);
    await (await queues.queues.poll.getJob(requested.jobId))?.remove();
    expect(await endOf(queues, requested)).toEqual({ state: 'vanished' });
    expect(await requestResync(queues, changes)).toMatchObject({ deduplicated: false });
  });
});

describe.each(BACKENDS)('work that is wanted now on %s', (backend) => {
  test('is enqueued once while it waits or runs, and again after it has ended', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const { calls, perform } = createCalls();
    await enqueueNow(queues, 'walk', 'invoiced');
    await enqueueNow(queues, 'walk', 'invoiced');
    await enqueueNow(queues, 'walk', 'freshbooks');
    await place.work(queues, perform);
    await until('both run', () => calls.length === 2);
    await enqueueNow(queues, 'walk', 'invoiced');
    expect((await queueState(queues))[1]).toMatchObject({ kind: 'walk', waiting: 0, active: 2 });

    for (const call of calls) call.answer(DONE);
    await until('both have ended', async () => (await queueState(queues))[1]?.active === 0);
    await enqueueNow(queues, 'walk', 'invoiced');
    (await until('it runs again', () => calls[2])).answer(DONE);
    expect(calls.map((call) => call.work.connection).sort()).toEqual(['freshbooks', 'invoiced', 'invoiced']);
  });
});

describe.each(BACKENDS)('a push on %s', (backend) => {
  test('is enqueued once while it waits, and once more while it runs, however many edits wake it', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const { calls, perform } = createCalls();
    for (let edit = 0; edit < 3; edit++) await enqueuePush(queues, 'invoiced');
    await place.work(queues, perform);
    const first = await until('it runs', () => calls[0]);
    for (let edit = 0; edit < 3; edit++) await enqueuePush(queues, 'invoiced');
    expect(calls).toHaveLength(1);
    first.answer(DONE);
    (await until('one follows', () => calls[1])).answer(DONE);
    await until('nothing is left', async () => {
      const push = (await queueState(queues)).find((one) => one.kind === 'push');
      return push?.active === 0 && push.waiting === 0 && push.delayed === 0;
    });
    expect(calls).toHaveLength(2);

    await enqueuePush(queues, 'invoiced');
    (await until('a later edit wakes it again', () => calls[2])).answer(DONE);
  });

  test('that scans ask for again and again waits once, and can be asked for anew when it has ended', async () => {
    const place = await createPlace(backend);
    const opened = await place.open();
    let now = 30_000_000;
    const queues = { ...opened, runtime: { ...opened.runtime, now: () => now } };
    const scan = async () => {
      await enqueueScanned(queues, 'invoiced', 30_000);
      now += 30_000;
    };
    const pushes = async () => (await queueState(queues)).find((one) => one.kind === 'push');
    for (let scans = 0; scans < 8; scans++) await scan();
    expect(await pushes()).toMatchObject({ waiting: 1, active: 0 });

    const { calls, perform } = createCalls();
    await place.work(opened, perform);
    (await until('it runs', () => calls[0])).answer(DONE);
    await until('it has ended', async () => (await pushes())?.active === 0);
    await scan();
    (await until('it runs again', () => calls[1])).answer(DONE);
  });

  test('comes back when it says that more is to be done later, or that another is under way', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const answers: WorkResult[] = [
      { state: 'later', afterMs: 700 },
      { state: 'busy', retryAfterMs: 200 },
    ];
    const runs: number[] = [];
    await place.work(queues, async () => {
      runs.push(performance.now());
      return answers[runs.length - 1] ?? DONE;
    });
    await enqueuePush(queues, 'invoiced');
    await until('it comes back', () => runs.length >= 2);
    // An edit in the meantime may make one more follow, and no more than that.
    await enqueuePush(queues, 'invoiced');
    await until('nothing is left', async () => {
      const push = (await queueState(queues)).find((one) => one.kind === 'push');
      return push?.active === 0 && push.waiting === 0 && push.delayed === 0;
    });
    expect((runs[1] ?? 0) - (runs[0] ?? 0)).toBeGreaterThanOrEqual(699);
    expect(runs.length).toBeGreaterThanOrEqual(3);
    expect(runs.length).toBeLessThanOrEqual(4);
  });

  test('however many meet another one under way, few wait for its end', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    let [busy, met] = [true, 0];
    const done: string[] = [];
    await place.work(queues, async ({ connection }) => {
      met += 1;
      if (busy) return { state: 'busy', retryAfterMs: 1_500 };
      done.push(connection);
      return DONE;
    });
    const waiting = async () => {
      const push = (await queueState(queues)).find((one) => one.kind === 'push');
      return (push?.waiting ?? 0) + (push?.active ?? 0) + (push?.delayed ?? 0);
    };
    const began = performance.now();
    for (let edit = 1; edit <= 30; edit += 1) {
      await enqueuePush(queues, 'invoiced');
      await until('it met the other', () => met >= edit);
    }
    const seconds = Math.ceil((performance.now() - began) / 1_000);
    expect(await until('they wait', async () => (await waiting()) || false)).toBeLessThanOrEqual(seconds + 2);
    busy = false;
    await until('nothing is left', async () => (await waiting()) === 0);
    expect(done.length).toBeGreaterThanOrEqual(1);
  });
});
