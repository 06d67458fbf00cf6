import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { people, startSandbox } from '../../src/sandbox/index.js';
import { until } from '../servers/until.js';
import { type Served, serve, sparse } from './serve.js';

describe('a snapshot', () => {
  it('brings everything back: tasks, events, keys, tokens, clock and chance', async () => {
    await using served = await serve({ invoiced: { tasks: 50 }, freshbooks: { tasks: 50 } });
    const key = { 'idempotency-key': 'a-key-of-mine' };
    const { body: created } = await served.call('POST', '/tasks', sparse, key);
    const step = people(served);
    for (let at = 0; at < 50; at += 1) step();
    served.invoiced.people.mangle(created.id, { odd: true });

    const snapshot = served.snapshot();
    const state = async (sandbox: Served) => ({
      now: sandbox.clock.now(),
      invoiced: [...sandbox.invoiced.people.tasks()],
      freshbooks: [...sandbox.freshbooks.people.tasks()],
      events: (await sandbox.call('GET', '/events')).body,
      created: (await sandbox.call('GET', `/tasks/${created.id}`)).body,
      again: (await sandbox.call('POST', '/tasks', sparse, key)).body,
      newest: (await sandbox.call('GET', '/tasks?sort=updated_at%20desc,id%20desc')).body,
      chance: sandbox.random(),
    });
    const before = await state(served);

    await using other = await serve({ seed: 2, invoiced: { tasks: 5 }, freshbooks: { tasks: 5 } });
    people(other)();
    other.restore(snapshot);
    expect(other.snapshot()).toEqual(snapshot);
    expect(await state(other)).toEqual(before);
  });

  it('keeps a million tasks as their seed', async () => {
    await using served = await serve({ invoiced: { tasks: 1_000_000 } });
    served.invoiced.people.remove(5000);
    expect(JSON.stringify(served.snapshot()).length).toBeLessThan(10_000);
  });

  it('of something else is refused', async () => {
    await using served = await serve();
    expect(() => served.restore({ version: 99 })).toThrow(RangeError);
  });
});

describe('a snapshot file', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is written while the sandbox runs and at its end, and gone on from', async () => {
    const snapshotFile = join(folder, 'deep', 'sandbox.json');
    const options = { snapshotFile, saveEvery: 10, invoiced: { tasks: 20 }, freshbooks: { tasks: 20 } };
    const first = await startSandbox(options);
    first.clock.advance(-7_200_000);
    const { id } = first.invoiced.people.create();
    await until('the file knows the task', async () =>
      (await readFile(snapshotFile, 'utf8')).includes(`"id":${id},`),
    );
    const late = first.freshbooks.people.createTask({ name: 'At the last moment' });
    const ahead = first.clock.now() - Date.now();
    await first.close();

    await using second = await serve(options);
    expect(second.invoiced.people.count()).toBe(21);
    expect(second.freshbooks.people.task(late.id)?.name).toBe('At the last moment');
    expect(Math.abs(second.clock.now() - Date.now() - ahead)).toBeLessThan(5_000);
    expect(second.freshbooks.refreshToken).not.toBe(first.freshbooks.refreshToken);
    expect((await second.callFreshBooks('GET', 'tasks')).status).toBe(200);
  });

  it('is given a token that works, whoever used the last one', async () => {
    const snapshotFile = join(folder, 'tokens.json');
    await (await startSandbox({ snapshotFile })).close();
    const sandbox = await startSandbox({ snapshotFile });
    const { url, clientId, clientSecret, redirectUri, refreshToken } = sandbox.freshbooks;
    const answer = await fetch(`${url}/auth/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uri: redirectUri,
        refresh_token: refreshToken,
      }),
    });
    expect(answer.status).toBe(200);
    await sandbox.close();
  });

  it.each(['{"version":1', '{"version":99}', '[]'])(
    'that holds %s is named, with what to do',
    async (content) => {
      const snapshotFile = join(folder, 'broken.json');
      await writeFile(snapshotFile, content);
      await expect(startSandbox({ snapshotFile })).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringMatching(/broken\.json.*Remove the file/),
      });
    },
  );
});
