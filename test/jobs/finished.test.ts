import { expect, test } from 'vitest';
import { trimFinished } from '../../src/jobs/finished.js';
import { requestResync } from '../../src/jobs/requests.js';
import { until } from '../servers/index.js';
import { BACKENDS, createPlace } from './harness.js';

test.each(BACKENDS)(
  'on %s, finished jobs go when they have stood long enough, and no others',
  async (backend) => {
    const place = await createPlace(backend);
    const queues = await place.open();
    const wish = { full: false, since: null, force: false };
    const workers = await place.work(queues, async ({ connection }) => {
      const outcome = connection === 'good' ? 'ok' : 'failed';
      return { state: 'done', runId: '1', outcome, error: null };
    });
    for (const connection of ['good', 'bad']) await requestResync(queues, { connection, ...wish });
    const counts = () => queues.queues.poll.getJobCounts('completed', 'failed', 'waiting');
    await until('both have ended', async () => {
      const { completed, failed } = await counts();
      return completed === 1 && failed === 1;
    });
    await workers.close(5_000);
    await requestResync(queues, { connection: 'waits', ...wish });
    expect(await trimFinished(queues)).toBe(0);
    expect(await trimFinished(queues, { completed: 0, failed: 3_600 })).toBe(1);
    expect(await trimFinished(queues, { completed: 3_600, failed: 0 })).toBe(1);
    expect(await counts()).toMatchObject({ completed: 0, failed: 0, waiting: 1 });
  },
);
