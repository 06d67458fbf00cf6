import { describe, expect, it } from 'vitest';
import { errorOf, namesOf, serveFreshBooks, taskOf } from './serve.js';

describe('creating a task', () => {
  it('answers 200, with FreshBooks’ own values for all but the name', async () => {
    await using served = await serveFreshBooks();
    const answer = await served.call('POST', 'tasks', { task: { name: 'Consulting' } });
    expect(answer.status).toBe(200);
    expect(taskOf(answer)).toEqual({
      id: 159361,
      taskid: 159361,
      name: 'Consulting',
      tname: 'Consulting',
      description: '',
      tdesc: '',
      rate: { amount: '0.00', code: 'USD' },
      billable: true,
      tax1: 0,
      tax2: 0,
      updated: '2026-06-22 08:00:00',
      vis_state: 0,
    });
  });

  it.each([
    ['50', '50.00'],
    [25.5, '25.50'],
    ['1.005', '1.01'],
    ['-0.004', '0.00'],
    ['-12.345', '-12.35'],
    ['.5', '0.50'],
    ['1234567890.12', '1234567890.12'],
  ])('normalises the amount %s to %s', async (amount, normal) => {
    await using served = await serveFreshBooks();
    const answer = await served.call('POST', 'tasks', { task: { name: 'A', rate: { amount, code: 'CAD' } } });
    expect(taskOf(answer).rate).toEqual({ amount: normal, code: 'CAD' });
  });

  it('ignores unknown and read-only keys', async () => {
    await using served = await serveFreshBooks();
    const task = { name: 'A', id: 7, updated: '2000-01-01 00:00:00', colour: 'blue', vis_state: 1 };
    expect(taskOf(await served.call('POST', 'tasks', { task }))).toMatchObject({
      id: 159361,
      updated: '2026-06-22 08:00:00',
      vis_state: 0,
    });
  });

  it.each([
    [{}, 1001, 'name'],
    [{ name: '' }, 1001, 'name'],
    [{ name: null }, 1001, 'name'],
    [{ name: 5 }, 1015, 'name'],
    [{ name: 'n'.repeat(256) }, 1017, 'name'],
    [{ name: 'A', description: 'd'.repeat(10_001) }, 1017, 'description'],
    [{ name: 'A', billable: 'perhaps' }, 1015, 'billable'],
    [{ name: 'A', tax1: 'high' }, 1015, 'tax1'],
    [{ name: 'A', rate: '50' }, 1015, 'rate'],
    [{ name: 'A', rate: { amount: 'fifty' } }, 1004, 'rate'],
    [{ name: 'A', rate: { amount: '50', code: 'dollars' } }, 1004, 'rate'],
  ])('refuses %j with errno %i and makes nothing', async (task, errno, field) => {
    await using served = await serveFreshBooks();
    const answer = await served.call('POST', 'tasks', { task });
    expect(errorOf(answer)).toMatchObject({ status: 422, errno, field });
    expect(served.api.people.count()).toBe(0);
  });

  it('tells every fault of a task at once', async () => {
    await using served = await serveFreshBooks();
    const { body } = await served.call('POST', 'tasks', { task: { name: 5, billable: 1 } });
    expect(body.response.errors.map((error: { field: string }) => error.field)).toEqual(['name', 'billable']);
  });

  it('refuses a body without a task, and one that is no JSON', async () => {
    await using served = await serveFreshBooks();
    expect(errorOf(await served.call('POST', 'tasks', { name: 'A' }))).toMatchObject({
      errno: 1001,
      field: 'task',
    });
    expect((await served.call('POST', 'tasks', '{"task":')).status).toBe(400);
  });
});

describe('updating a task', () => {
  it('changes only the keys that were sent', async () => {
    await using served = await serveFreshBooks();
    const { id } = served.api.people.createTask({
      name: 'A',
      description: 'long',
      rate: { amount: 9, code: 'EUR' },
    });
    served.advance(60);
    const before = served.api.people.task(id);
    const answer = await served.call('PUT', `tasks/${id}`, { task: { rate: { amount: '10' } } });
    expect(taskOf(answer)).toEqual({
      ...before,
      rate: { amount: '10.00', code: 'EUR' },
      updated: '2026-06-22 08:01:00',
    });
  });

  it('has one phase: with vis_state in the body, though unchanged, the rest is dropped without a word', async () => {
    await using served = await serveFreshBooks();
    const { id } = served.api.people.createTask({ name: 'A' });
    const unchanged = await served.call('PUT', `tasks/${id}`, { task: { name: 'B', vis_state: 0 } });
    expect(unchanged.status).toBe(200);
    expect(taskOf(unchanged)).toMatchObject({ name: 'A', vis_state: 0 });
    const deleted = await served.call('PUT', `tasks/${id}`, {
      task: { name: 'B', billable: 'perhaps', vis_state: 1 },
    });
    expect(taskOf(deleted)).toMatchObject({ name: 'A', billable: true, vis_state: 1 });
  });

  it('deletes, archives and restores, each of which sets updated', async () => {
    await using served = await serveFreshBooks();
    const { id } = served.api.people.createTask({ name: 'A' });
    for (const [minute, state] of [1, 2, 0].entries()) {
      served.advance(60);
      const answer = await served.call('PUT', `tasks/${id}`, { task: { vis_state: state } });
      expect(taskOf(answer)).toMatchObject({ vis_state: state, updated: `2026-06-22 08:0${minute + 1}:00` });
    }
  });

  it.each([3, '1', null, true])('refuses the vis_state %j', async (state) => {
    await using served = await serveFreshBooks();
    const { id } = served.api.people.createTask({ name: 'A' });
    const answer = await served.call('PUT', `tasks/${id}`, { task: { vis_state: state } });
    expect(errorOf(answer)).toMatchObject({ status: 422, errno: 1004, field: 'vis_state' });
  });

  it.each(['5', '0', '-1', 'x', '1e3', '99999999999999999999'])('knows no task %s', async (id) => {
    await using served = await serveFreshBooks();
    served.api.people.createTask({ name: 'A' });
    const notFound = { status: 404, errno: 1012, field: 'taskid', value: id };
    expect(errorOf(await served.call('GET', `tasks/${id}`))).toEqual(notFound);
    expect(errorOf(await served.call('PUT', `tasks/${id}`, { task: { name: 'B' } }))).toEqual(notFound);
  });

  it('knows no DELETE', async () => {
    await using served = await serveFreshBooks();
    const { id } = served.api.people.createTask({ name: 'A' });
    expect((await served.call('DELETE', `tasks/${id}`)).status).toBe(404);
    expect(served.api.people.task(id)?.vis_state).toBe(0);
  });
});

describe('listing tasks', () => {
  it('shows active and archived tasks, 15 a page, and never more than 100', async () => {
    await using served = await serveFreshBooks();
    served.api.people.seed({ count: 250 });
    served.api.people.deleteTask(159361);
    served.api.people.archiveTask(159362);
    const { result } = (await served.call('GET', 'tasks')).body.response;
    expect(result).toMatchObject({ page: 1, pages: 17, per_page: 15, total: 249 });
    expect(result.tasks).toHaveLength(15);
    expect(result.tasks[0]).toMatchObject({ id: 159362, vis_state: 2 });
    const capped = (await served.call('GET', 'tasks?per_page=2000&page=3')).body.response.result;
    expect(capped).toMatchObject({ page: 3, pages: 3, per_page: 100, total: 249 });
    expect(capped.tasks).toHaveLength(49);
  });

  it('takes page 0 for page 1, and answers an empty list past the end', async () => {
    await using served = await serveFreshBooks();
    served.api.people.createTask({ name: 'A' });
    expect(namesOf(await served.call('GET', 'tasks?page=0'))).toEqual(['A']);
    const past = await served.call('GET', 'tasks?page=2');
    expect(past.status).toBe(200);
    expect(past.body.response.result).toEqual({ page: 2, pages: 1, per_page: 15, tasks: [], total: 1 });
  });

  it('has no pages where there is nothing', async () => {
    await using served = await serveFreshBooks();
    const { result } = (await served.call('GET', 'tasks')).body.response;
    expect(result).toEqual({ page: 1, pages: 0, per_page: 15, tasks: [], total: 0 });
  });

  it.each([
    ['page=x', 1014, 'page'],
    ['page=-1', 1014, 'page'],
    ['page=', 1014, 'page'],
    ['per_page=x', 1013, 'per_page'],
    ['per_page=0', 1013, 'per_page'],
  ])('refuses %s with errno %i', async (query, errno, field) => {
    await using served = await serveFreshBooks();
    expect(errorOf(await served.call('GET', `tasks?${query}`))).toMatchObject({ errno, field });
  });

  it('shifts rows over the pages’ edge when one goes during a walk', async () => {
    await using served = await serveFreshBooks();
    for (const name of ['A', 'B', 'C', 'D']) served.api.people.createTask({ name });
    expect(namesOf(await served.call('GET', 'tasks?per_page=2'))).toEqual(['A', 'B']);
    served.api.people.deleteTask(159361);
    expect(namesOf(await served.call('GET', 'tasks?per_page=2&page=2'))).toEqual(['D']);
  });
});
