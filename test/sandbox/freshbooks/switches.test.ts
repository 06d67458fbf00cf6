import { describe, expect, it } from 'vitest';
import { errorOf, namesOf, serveFreshBooks, taskOf } from './serve.js';

describe('what is not known about writing', () => {
  it('takes a name twice, or refuses it unless its task is deleted', async () => {
    await using served = await serveFreshBooks();
    const { people, options } = served.api;
    const first = people.createTask({ name: 'A' });
    const second = people.createTask({ name: 'B' });
    expect((await served.call('POST', 'tasks', { task: { name: 'A' } })).status).toBe(200);
    people.deleteTask(second.id + 1);
    options.duplicateName = 'refused';
    const refused = { status: 422, errno: 1004, field: 'name', value: 'A' };
    expect(errorOf(await served.call('POST', 'tasks', { task: { name: 'A' } }))).toEqual(refused);
    expect(errorOf(await served.call('PUT', `tasks/${second.id}`, { task: { name: 'A' } }))).toEqual(refused);
    expect((await served.call('PUT', `tasks/${first.id}`, { task: { name: 'A' } })).status).toBe(200);
    people.deleteTask(first.id);
    expect((await served.call('PUT', `tasks/${second.id}`, { task: { name: 'A' } })).status).toBe(200);
  });

  it.each([
    ['bumps', '2026-06-22 08:01:00'],
    ['keeps', '2026-06-22 08:00:00'],
  ] as const)('%s updated where a PUT changes nothing', async (emptyUpdate, updated) => {
    await using served = await serveFreshBooks({ emptyUpdate });
    const { id } = served.api.people.createTask({ name: 'A', rate: { amount: 5 } });
    served.advance(60);
    const same = await served.call('PUT', `tasks/${id}`, { task: { name: 'A', rate: { amount: '5.0' } } });
    expect(taskOf(same).updated).toBe(updated);
    expect(taskOf(await served.call('PUT', `tasks/${id}`, { task: { vis_state: 0 } })).updated).toBe(updated);
    expect(served.api.people.task(id)?.updated).toBe(updated);
    const other = await served.call('PUT', `tasks/${id}`, { task: { name: 'B' } });
    expect(taskOf(other).updated).toBe('2026-06-22 08:01:00');
  });

  it('can refuse to archive', async () => {
    await using served = await serveFreshBooks({ archive: 'refused' });
    const { id } = served.api.people.createTask({ name: 'A' });
    const answer = await served.call('PUT', `tasks/${id}`, { task: { vis_state: 2 } });
    expect(errorOf(answer)).toEqual({ status: 422, errno: 1004, field: 'vis_state', value: '2' });
    expect((await served.call('PUT', `tasks/${id}`, { task: { vis_state: 1 } })).status).toBe(200);
  });

  it('can refuse to edit a deleted task, and still restores it', async () => {
    await using served = await serveFreshBooks();
    const { people, options } = served.api;
    const { id } = people.createTask({ name: 'A' });
    people.deleteTask(id);
    const edited = await served.call('PUT', `tasks/${id}`, { task: { name: 'B' } });
    expect(taskOf(edited)).toMatchObject({ name: 'B', vis_state: 1 });
    options.editDeleted = 'refused';
    options.deletedStatus = 422;
    const refused = await served.call('PUT', `tasks/${id}`, { task: { name: 'C' } });
    expect(errorOf(refused)).toMatchObject({ status: 422, errno: 1011 });
    const restored = await served.call('PUT', `tasks/${id}`, { task: { vis_state: 0 } });
    expect(taskOf(restored)).toMatchObject({ name: 'B', vis_state: 0 });
  });
});

describe('what is not known about reading', () => {
  it('shows a deleted task with vis_state 1, or errno 1011', async () => {
    await using served = await serveFreshBooks();
    const { people, options } = served.api;
    const { id } = people.createTask({ name: 'A' });
    people.deleteTask(id);
    expect(taskOf(await served.call('GET', `tasks/${id}`))).toMatchObject({ name: 'A', vis_state: 1 });
    options.getDeleted = 'error';
    expect(errorOf(await served.call('GET', `tasks/${id}`))).toMatchObject({ status: 404, errno: 1011 });
    people.restoreTask(id);
    expect((await served.call('GET', `tasks/${id}`)).status).toBe(200);
  });

  it('can add project_default and leave out the taxes', async () => {
    await using served = await serveFreshBooks({ projectDefault: 'present', taxes: 'absent' });
    const { id } = served.api.people.createTask({ name: 'A', tax1: 5 });
    const task = taskOf(await served.call('GET', `tasks/${id}`));
    expect(task).toMatchObject({ project_default: false });
    expect(Object.keys(task).filter((key) => key.startsWith('tax'))).toEqual([]);
  });

  it('can count rows that no page shows, so that the last pages are empty', async () => {
    await using served = await serveFreshBooks({ unreadable: 3 });
    for (const name of ['A', 'B']) served.api.people.createTask({ name });
    const first = await served.call('GET', 'tasks?per_page=2');
    expect(first.body.response.result).toMatchObject({ total: 5, pages: 3 });
    expect(namesOf(await served.call('GET', 'tasks?per_page=2&page=2'))).toEqual([]);
  });

  it('shows for one task whatever a test wants it to show', async () => {
    await using served = await serveFreshBooks();
    const { id } = served.api.people.createTask({ name: 'A' });
    served.api.people.mangle(id, { id: 'seven', rate: null });
    expect(taskOf(await served.call('GET', `tasks/${id}`))).toMatchObject({
      id: 'seven',
      rate: null,
      name: 'A',
    });
    expect((await served.call('GET', 'tasks')).body.response.result.tasks[0].id).toBe('seven');
  });
});

describe('tasks that mirror a service', () => {
  it('appear and change though nobody writes a task', async () => {
    await using served = await serveFreshBooks();
    const { people } = served.api;
    const { id } = people.touchService(undefined, { name: 'Piloting' });
    expect(namesOf(await served.call('GET', 'tasks'))).toEqual(['Piloting']);
    served.advance(60);
    people.touchService(id);
    expect(taskOf(await served.call('GET', `tasks/${id}`))).toMatchObject({
      name: 'Piloting',
      updated: '2026-06-22 08:01:00',
    });
  });
});
