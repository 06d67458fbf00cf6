import { describe, expect, it } from 'vitest';
import { namesOf, type ServedFreshBooks, serveFreshBooks, taskOf } from './serve.js';

/** The requests and answers that FreshBooks publishes for tasks, in its order and with its values. */
describe('the published examples', () => {
  const published = async (): Promise<ServedFreshBooks> => {
    const served = await serveFreshBooks({ currency: 'CAD' });
    served.setClock('2017-07-24T13:39:21Z');
    served.api.people.createTask({
      name: 'Piloting',
      description: 'Piloting based on expectations of the executive',
      rate: { amount: '100.00' },
    });
    return served;
  };

  it('Get a Single Task', async () => {
    await using served = await published();
    const answer = await served.call('GET', 'tasks/159361');
    expect(answer.status).toBe(200);
    expect(answer.body).toStrictEqual({
      response: {
        result: {
          task: {
            billable: true,
            description: 'Piloting based on expectations of the executive',
            id: 159361,
            name: 'Piloting',
            rate: { amount: '100.00', code: 'CAD' },
            taskid: 159361,
            tax1: 0,
            tax2: 0,
            tdesc: 'Piloting based on expectations of the executive',
            tname: 'Piloting',
            updated: '2017-07-24 09:39:21',
            vis_state: 0,
          },
        },
      },
    });
  });

  it('Create, update and delete a task', async () => {
    await using served = await published();
    for (const name of ['2', '3', '4']) served.api.people.createTask({ name });
    const created = await served.call('POST', 'tasks', { task: { name: 'Consulting' } });
    expect(created.status).toBe(200);
    expect(taskOf(created)).toMatchObject({ id: 159365, name: 'Consulting' });

    const walking = {
      billable: true,
      description: '',
      id: 159365,
      name: 'Walking Dogs',
      rate: { amount: '25.47', code: 'CAD' },
      taskid: 159365,
      tax1: 0,
      tax2: 0,
      tname: 'Walking Dogs',
      tdesc: '',
    };
    served.setClock('2017-07-24T14:09:18Z');
    const change = { name: 'Walking Dogs', rate: { amount: '25.47', code: 'CAD' } };
    const updated = await served.call('PUT', 'tasks/159365', { task: change });
    expect(updated.body).toStrictEqual({
      response: { result: { task: { ...walking, updated: '2017-07-24 10:09:18', vis_state: 0 } } },
    });

    served.setClock('2017-07-24T14:13:38Z');
    const deleted = await served.call('PUT', 'tasks/159365', { task: { vis_state: 1 } });
    expect(deleted.body).toStrictEqual({
      response: { result: { task: { ...walking, updated: '2017-07-24 10:13:38', vis_state: 1 } } },
    });
  });

  it('Listing Tasks', async () => {
    await using served = await published();
    for (const name of ['2', '3']) served.api.people.createTask({ name });
    const { body } = await served.call('GET', 'tasks');
    const same = [159361, 159362, 159363].map((id) => served.api.people.task(id));
    expect(body).toStrictEqual({
      response: { result: { total: 3, per_page: 15, tasks: same, page: 1, pages: 1 } },
    });
  });

  it('Search examples', async () => {
    await using served = await published();
    served.api.people.createTask({ name: 'unpaid', rate: { amount: 50 }, billable: false });
    expect(namesOf(await served.call('GET', 'tasks?search[billable]=false'))).toEqual(['unpaid']);
    const rated = await served.call('GET', 'tasks?search[rate_min]=25&search[rate_max]=75');
    expect(namesOf(rated)).toEqual(['unpaid']);
  });
});
