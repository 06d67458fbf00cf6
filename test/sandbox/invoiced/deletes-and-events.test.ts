import { describe, expect, it } from 'vitest';
import { type Served, serveInvoiced, sparse } from '../serve.js';

interface Event {
  id: number;
  type: string;
  timestamp: number;
  data: { object: Record<string, unknown>; previous: Record<string, unknown> };
}

async function events(invoiced: Served, query = 'type=task'): Promise<Event[]> {
  return (await invoiced.call('GET', `/events?${query}`)).body;
}

const typesOf = (found: Event[]) => found.map(({ type }) => type);

describe('events', () => {
  it('tell of every change, newest first, and of a completion twice', async () => {
    await using invoiced = await serveInvoiced();
    const { body: task } = await invoiced.call('POST', '/tasks', sparse);
    await invoiced.call('PATCH', `/tasks/${task.id}`, { complete: true });
    invoiced.invoiced.people.edit(task.id, { name: 'Call twice' });
    await invoiced.call('DELETE', `/tasks/${task.id}`);
    const found = await events(invoiced);
    expect(typesOf(found)).toEqual([
      'task.deleted',
      'task.updated',
      'task.completed',
      'task.updated',
      'task.created',
    ]);
    expect(found[0]?.data.object).toMatchObject({ id: task.id, name: 'Call twice' });
    expect(found[1]?.data.previous).toEqual({ name: 'Call customer' });
    expect(found.map(({ id }) => id)).toEqual([5, 4, 3, 2, 1]);
  });

  it('do not tell of a PATCH that changed nothing', async () => {
    await using invoiced = await serveInvoiced();
    const { id, name } = invoiced.invoiced.people.create();
    await invoiced.call('PATCH', `/tasks/${id}`, { name });
    expect(typesOf(await events(invoiced))).toEqual(['task.created']);
  });

  it('are found by type and time, both ends included, and paged like any list', async () => {
    await using invoiced = await serveInvoiced();
    const start = invoiced.now();
    for (let second = 0; second < 5; second += 1) {
      invoiced.invoiced.people.create();
      invoiced.clock.advance(1_000);
    }
    const window = `type=task&start_date=${start + 1}&end_date=${start + 3}`;
    expect((await events(invoiced, window)).map(({ timestamp }) => timestamp - start)).toEqual([3, 2, 1]);
    expect(await events(invoiced, 'type=task.deleted')).toEqual([]);
    const page = await invoiced.call('GET', '/events?type=task&per_page=2&page=3');
    expect(page.body).toHaveLength(1);
    expect(page.headers.get('x-total-count')).toBe('5');
  });

  it('may be late', async () => {
    await using invoiced = await serveInvoiced({ eventDelay: 30_000 });
    invoiced.invoiced.people.create();
    invoiced.clock.advance(29_000);
    expect(await events(invoiced)).toEqual([]);
    invoiced.clock.advance(1_000);
    expect(await events(invoiced)).toHaveLength(1);
  });

  it('may be lost, or come without their object', async () => {
    await using invoiced = await serveInvoiced({ eventLoss: 1 });
    invoiced.invoiced.people.create();
    Object.assign(invoiced.invoiced.options, { eventLoss: 0, eventEmpty: 1 });
    invoiced.invoiced.people.create();
    const found = await events(invoiced);
    expect(found.map(({ data }) => data.object)).toEqual([{}]);
  });
});

describe('what happens without an event', () => {
  it('takes the open tasks of a customer that has paid', async () => {
    await using invoiced = await serveInvoiced();
    const { people } = invoiced.invoiced;
    const open = people.create({ customer_id: 9 });
    const done = people.create({ customer_id: 9, complete: true });
    const other = people.create({ customer_id: 8 });
    expect(people.settleCustomer(9)).toEqual([open.id]);
    expect((await invoiced.call('GET', `/tasks/${open.id}`)).status).toBe(404);
    expect([...people.tasks()].map(({ id }) => id)).toEqual([done.id, other.id]);
    expect(typesOf(await events(invoiced))).not.toContain('task.deleted');
  });

  it('takes all tasks of a deleted customer, with events only when told to', async () => {
    await using invoiced = await serveInvoiced();
    const { people, options } = invoiced.invoiced;
    people.create({ customer_id: 9, complete: true });
    people.create({ customer_id: 8 });
    expect(people.removeCustomer(9)).toHaveLength(1);
    options.silentDeletes = false;
    expect(people.removeCustomer(8)).toHaveLength(1);
    expect(typesOf(await events(invoiced))).toEqual(['task.deleted', 'task.created', 'task.created']);
  });

  it('moves tasks with their users and customers, updated_at staying put, unless told otherwise', async () => {
    await using invoiced = await serveInvoiced();
    const { people, options } = invoiced.invoiced;
    const task = people.create({ customer_id: 9, user_id: 1 });
    invoiced.clock.advance(5_000);
    people.mergeCustomers(9, 8);
    people.mergeUsers(1, null);
    const { body } = await invoiced.call('GET', `/tasks/${task.id}`);
    expect(body).toMatchObject({ customer_id: 8, user_id: null, updated_at: task.updated_at });
    options.mergeTouches = true;
    people.mergeCustomers(8, 7);
    expect(people.task(task.id)?.updated_at).toBe(task.updated_at + 5);
  });
});

it('lays hostile values over one task, in lists and alone', async () => {
  await using invoiced = await serveInvoiced();
  const { people } = invoiced.invoiced;
  const { id } = people.create();
  people.create();
  people.mangle(id, { name: 'nul \u0000', due_date: 'soon' });
  expect((await invoiced.call('GET', `/tasks/${id}`)).body).toMatchObject({
    name: 'nul \u0000',
    due_date: 'soon',
  });
  const { body } = await invoiced.call('GET', '/tasks');
  expect(body[0]).toMatchObject({ due_date: 'soon' });
  expect(body[1].due_date).toBeTypeOf('number');
});
