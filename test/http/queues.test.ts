import { expect, test, vi } from 'vitest';
import { until } from '../servers/index.js';
import { isReady, type Served, serveDaemon, worldOn } from './daemon.js';

// Processes of their own, where the machine is busy.
vi.setConfig({ testTimeout: 90_000 });
const LONGEST_MS = 30_000;
const PAUSE = '/queues/api/queues/taskmirror-poll/pause';

test.each(['postgres', 'redis'] as const)(
  'Bull Board shows the queues on %s, their schedules and workers, and changes nothing unless asked',
  async (queue) => {
    const { env } = await worldOn(queue);
    const daemon = await serveDaemon(env);
    await until('it is ready', () => isReady(daemon), LONGEST_MS);
    const page = await daemon.get('/queues');
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('taskmirror') });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text).toContain('<base href="/queues/"');
    const script = /(?:src|href)="([^"]*static\/[^"]+\.js)"/.exec(page.text)?.[1] ?? '';
    expect(await daemon.get(new URL(script, 'http://x/queues/').pathname)).toMatchObject({ status: 200 });

    const queues = await until(
      'the schedules are there',
      async () => {
        const all = await queuesOf(daemon);
        // A push is nobody's schedule: it is asked for where something waits.
        const wanted = (name: string) => (name === 'taskmirror-push' ? 0 : 2);
        return all.every(({ name, counts }) => counts['delayed'] === wanted(name)) && all;
      },
      LONGEST_MS,
    );
    expect(queues.map(({ name }) => name).sort()).toEqual([
      'taskmirror-poll',
      'taskmirror-push',
      'taskmirror-walk',
    ]);
    const job = await daemon.get(
      '/queues/api/queues?activeQueue=taskmirror-walk&status=delayed&page=1&jobsPerPage=10',
    );
    expect(job.text).toContain('"connection":"invoiced"');
    const schedulers = await daemon.get('/queues/api/job-schedulers');
    expect(schedulers).toMatchObject({ status: 200, text: expect.stringContaining('freshbooks') });
    expect(await daemon.get(PAUSE, { method: 'PUT' })).toMatchObject({
      status: 405,
      text: expect.stringContaining('BULL_BOARD=write'),
    });
    expect((await queuesOf(daemon)).map(({ isPaused }) => isPaused)).toEqual([false, false, false]);
    for (const name of ['INVOICED_API_KEY', 'FRESHBOOKS_CLIENT_SECRET', 'FRESHBOOKS_REFRESH_TOKEN'])
      expect(job.text + schedulers.text + page.text).not.toContain(env[name]);
  },
);

test('where it may write it does, but not for a page of another origin, and behind the token like all else', async () => {
  const HTTP_TOKEN = 'a token to be shown';
  const daemon = await serveDaemon({ ...(await worldOn('postgres')).env, BULL_BOARD: 'write', HTTP_TOKEN });
  await until('it is ready', () => isReady(daemon), LONGEST_MS);
  const authorization = `Basic ${Buffer.from(`me:${HTTP_TOKEN}`).toString('base64')}`;
  const pause = (headers: Record<string, string>) => daemon.get(PAUSE, { method: 'PUT', headers });
  expect((await pause({})).status).toBe(401);
  expect((await pause({ authorization, origin: 'https://evil.example' })).status).toBe(403);
  expect((await pause({ authorization })).status).toBe(200);
  const paused = (await queuesOf(daemon, { authorization })).filter(({ isPaused }) => isPaused);
  expect(paused.map(({ name }) => name)).toEqual(['taskmirror-poll']);
});

test('it can be off, and while the queue is waited for it says so', async () => {
  const { env } = await worldOn('postgres');
  const off = await serveDaemon({ ...env, BULL_BOARD: 'off' });
  expect((await off.get('/queues')).status).toBe(404);
  const waiting = await serveDaemon({ ...env, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
  expect((await waiting.get('/queues')).status).toBe(503);
});

async function queuesOf({ get }: Served, headers: Record<string, string> = {}) {
  const { text } = await get('/queues/api/queues', { headers });
  return JSON.parse(text).queues as { name: string; isPaused: boolean; counts: Record<string, number> }[];
}
