import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { enqueueNow, requestResync } from '../../src/jobs/requests.js';
import { reconcileSchedules } from '../../src/jobs/schedules.js';
import { queueState } from '../../src/jobs/state.js';
import type { Work } from '../../src/sync/work.js';
import { until } from '../servers/index.js';
import { BACKENDS, createPlace, DONE, endOf, type Place } from './harness.js';

describe.each(BACKENDS)('a process that is killed on %s', (backend) => {
  test('leaves its jobs to others, requests and scheduled ones', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const requested = await requestResync(queues, {
      connection: 'requested',
      full: false,
      since: null,
      force: false,
    });
    await reconcileSchedules(queues, [{ connection: 'scheduled', kind: 'walk', everyMs: 3_000 }]);
    const victim = startHangingWorker(place);
    await until('both jobs run', () => victim.output().split('\n').length > 2, 20_000);
    victim.process.kill('SIGKILL');

    const done: Work[] = [];
    await place.work(
      queues,
      async (work) => {
        done.push(work);
        return DONE;
      },
      { lockDuration: 1_000, stalledInterval: 300 },
    );
    expect(await endOf(queues, requested)).toMatchObject({ state: 'ok' });
    await until('the scheduled one is done too', () => done.some((work) => work.connection === 'scheduled'));
    const job = await queues.queues.poll.getJob(requested.jobId);
    expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 1 });
    await until('nothing is left but the next of the schedule', async () => {
      const [poll, walk] = await queueState(queues);
      return poll?.active === 0 && walk?.active === 0 && walk.delayed + walk.waiting === 1;
    });
  });

  test('leaves a scheduled walk that is tried again where it meets the lease that it left', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    await reconcileSchedules(queues, [{ connection: 'scheduled', kind: 'walk', everyMs: 600_000 }]);
    await enqueueNow(queues, 'walk', 'scheduled');
    const victim = startHangingWorker(place);
    await until('the job runs', () => victim.output().split('\n').length > 1, 20_000);
    victim.process.kill('SIGKILL');
    let tries = 0;
    await place.work(
      queues,
      async () => {
        tries++;
        return tries < 3 ? { state: 'busy', retryAfterMs: 200 } : DONE;
      },
      { lockDuration: 1_000, stalledInterval: 300 },
    );
    await until('it is done in the end', () => tries === 3);
  });

  test('is no longer counted as a worker', async () => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const victim = startHangingWorker(place);
    const workers = async () => new Set((await queueState(queues)).map((one) => one.workers));
    await until('it is attached', async () => same(await workers(), 1), 20_000);
    victim.process.kill('SIGKILL');
    await until('it is gone', async () => same(await workers(), 0));
  });
});

/** Of every kind that many. */
function same(counts: ReadonlySet<number | null>, count: number): boolean {
  return counts.size === 1 && counts.has(count);
}

function startHangingWorker(place: Place): { process: ChildProcess; output(): string } {
  const script = fileURLToPath(new URL('hanging-worker.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, place.redisUrl ?? '', place.databaseUrl, place.prefix],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  return { process: child, output: () => output };
}
