import { describe, expect, it } from 'vitest';
import { createFreshBooksApi } from '../../../src/sandbox/freshbooks/index.js';
import { namesOf, serveFreshBooks, taskOf } from './serve.js';

describe('people at work in FreshBooks', () => {
  it('make, change, delete, restore and archive tasks, each at the sandbox’s time', async () => {
    await using served = await serveFreshBooks();
    const { people } = served.api;
    const { id } = people.createTask({ name: 'A', rate: { amount: '12.5', code: 'EUR' }, tax1: 3 });
    expect(taskOf(await served.call('GET', `tasks/${id}`))).toEqual(people.task(id));
    expect(people.task(id)).toMatchObject({ rate: { amount: '12.50', code: 'EUR' }, tax1: 3 });
    const steps = [
      [() => people.editTask(id, { description: 'more' }), { description: 'more', vis_state: 0 }],
      [() => people.deleteTask(id), { vis_state: 1 }],
      [() => people.restoreTask(id), { vis_state: 0 }],
      [() => people.archiveTask(id), { description: 'more', vis_state: 2 }],
    ] as const;
    for (const [second, [act, expected]] of steps.entries()) {
      served.advance(1);
      act();
      const shown = taskOf(await served.call('GET', `tasks/${id}`));
      expect(shown).toMatchObject({ ...expected, updated: `2026-06-22 08:00:0${second + 1}` });
    }
    expect(() => people.editTask(7, {})).toThrow('no task 7');
    expect(() => people.editTask(id, { rate: { amount: 'much' } })).toThrow('much');
  });

  it('know all tasks, deleted ones too', async () => {
    await using served = await serveFreshBooks();
    const { people } = served.api;
    expect(people.randomId()).toBeUndefined();
    people.seed({ count: 40, deleted: 0.5, archived: 0.2 });
    const states = [...people.tasks()].map((task) => task.vis_state);
    expect(people.count()).toBe(40);
    expect(states).toHaveLength(40);
    expect(new Set(states)).toEqual(new Set([0, 1, 2]));
    const { total } = (await served.call('GET', 'tasks')).body.response.result;
    expect(total).toBe(states.filter((state) => state !== 1).length);
    expect(people.task(people.randomId() ?? 0)).toBeDefined();
  });

  it('have the same tasks for the same seed, older than any poll looks back', () => {
    const make = (start: number) => {
      let state = start;
      const random = () => {
        state = (state * 48_271) % 2_147_483_647;
        return state / 2_147_483_647;
      };
      const { people } = createFreshBooksApi({ now: () => Date.parse('2026-06-22T12:00:00Z'), random });
      people.seed({ count: 100 });
      return [...people.tasks()];
    };
    expect(make(1)).toEqual(make(1));
    expect(make(1)).not.toEqual(make(2));
    const days = make(1)
      .map((task) => task.updated)
      .sort();
    expect(days.at(0)?.slice(0, 4)).toBe('2024');
    expect((days.at(-1) ?? '') < '2026-05-24').toBe(true);
  });
});

describe('a snapshot', () => {
  it('brings back tasks and tokens, and goes on counting ids', async () => {
    await using served = await serveFreshBooks();
    served.api.people.seed({ count: 20, deleted: 0.3, archived: 0.2 });
    const tokens = served.api.oauth.grant();
    const code = served.api.oauth.consent();
    const stored = served.sandbox.snapshot();

    await using later = await serveFreshBooks();
    later.api.people.seed({ count: 50 });
    later.sandbox.restore(stored);
    expect([...later.api.people.tasks()]).toEqual([...served.api.people.tasks()]);
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    const list = await later.call('GET', 'tasks?per_page=100', undefined, headers);
    expect(namesOf(list)).toEqual(namesOf(await served.call('GET', 'tasks?per_page=100')));
    expect(later.api.people.createTask().id).toBe(159381);
    const app = {
      client_id: later.api.options.clientId,
      client_secret: later.api.options.clientSecret,
      redirect_uri: later.api.options.redirectUri,
    };
    const refresh = { ...app, grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    expect((await later.call('POST', '/auth/oauth/token', refresh)).status).toBe(200);
    const exchange = { ...app, grant_type: 'authorization_code', code };
    expect((await later.call('POST', '/auth/oauth/token', exchange)).status).toBe(200);
  });

  it('of something else is refused', () => {
    const api = createFreshBooksApi({ now: () => 0, random: () => 0 });
    expect(() => api.restore({ version: 0 })).toThrow('no snapshot');
    expect(() => api.restore(null)).toThrow('no snapshot');
  });
});
