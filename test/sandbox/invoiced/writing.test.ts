import { describe, expect, it } from 'vitest';
import { serveInvoiced, sparse } from '../serve.js';

const refused = (message: string, param?: string) => ({
  status: 400,
  body: { type: 'invalid_request', message, ...(param === undefined ? {} : { param }) },
});

describe('creating', () => {
  it.each([
    [{}, 'Action is missing', 'action'],
    [{ action: 'phone' }, 'Due Date is missing', 'due_date'],
    [{ action: 'phone', due_date: 1 }, 'Name is missing', 'name'],
    [{ ...sparse, name: '' }, 'Name is missing', 'name'],
    [{ ...sparse, due_date: null }, 'Due Date is missing', 'due_date'],
    [{ ...sparse, customer_id: 'x' }, 'customer_id is invalid', 'customer_id'],
    [{ ...sparse, id: 5 }, 'id is not a field that can be set', 'id'],
    [{ ...sparse, completed_date: 5 }, 'completed_date is not a field that can be set', 'completed_date'],
    [{ ...sparse, color: 'red' }, 'color is not a field that can be set', 'color'],
  ])('refuses %j, one error at a time', async (body, message, param) => {
    await using invoiced = await serveInvoiced();
    expect(await invoiced.call('POST', '/tasks', body)).toMatchObject(refused(message, param));
    expect(invoiced.invoiced.people.count()).toBe(0);
  });

  it('takes nulls where the API has them', async () => {
    await using invoiced = await serveInvoiced();
    const nulls = { customer_id: null, user_id: null, completed_by_user_id: null };
    expect(await invoiced.call('POST', '/tasks', { ...sparse, ...nulls })).toMatchObject({
      status: 201,
      body: nulls,
    });
  });

  it('does not check the action, unless told to', async () => {
    await using invoiced = await serveInvoiced();
    const body = { ...sparse, action: 'approve_bill' };
    expect(await invoiced.call('POST', '/tasks', body)).toMatchObject({
      status: 201,
      body: { action: 'approve_bill' },
    });
    invoiced.invoiced.options.actions = 'documented';
    expect((await invoiced.call('POST', '/tasks', body)).status).toBe(400);
  });

  it('ignores unknown and read-only fields when told to', async () => {
    await using invoiced = await serveInvoiced({ unknownFields: 'ignored' });
    const { status, body } = await invoiced.call('POST', '/tasks', { ...sparse, id: 5, color: 'red' });
    expect(status).toBe(201);
    expect(body.id).not.toBe(5);
    expect(body).not.toHaveProperty('color');
  });

  it('says only that malformed JSON is a syntax error', async () => {
    await using invoiced = await serveInvoiced();
    const answer = await invoiced.call('POST', '/tasks', '{"name":');
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ message: 'Syntax error' });
  });
});

describe('updating', () => {
  it('changes only the keys sent', async () => {
    await using invoiced = await serveInvoiced();
    const task = invoiced.invoiced.people.create({ user_id: 7 });
    invoiced.clock.advance(5_000);
    await invoiced.call('PATCH', `/tasks/${task.id}`, { name: 'Call again' });
    expect(invoiced.invoiced.people.task(task.id)).toEqual({
      ...task,
      name: 'Call again',
      updated_at: task.updated_at + 5,
    });
  });

  it('sets updated_at though nothing changed, unless told not to', async () => {
    await using invoiced = await serveInvoiced();
    const task = invoiced.invoiced.people.create();
    const same = { name: task.name };
    invoiced.clock.advance(5_000);
    const touched = await invoiced.call('PATCH', `/tasks/${task.id}`, same);
    expect(touched.body.updated_at).toBe(task.updated_at + 5);

    invoiced.clock.advance(5_000);
    const empty = await invoiced.call('PATCH', `/tasks/${task.id}`, {});
    expect(empty.body.updated_at).toBe(task.updated_at + 5);

    invoiced.invoiced.options.unchangedPatchTouches = false;
    const untouched = await invoiced.call('PATCH', `/tasks/${task.id}`, same);
    expect(untouched.body.updated_at).toBe(task.updated_at + 5);
  });

  it('takes a customer_id, unless told not to', async () => {
    await using invoiced = await serveInvoiced();
    const { id } = invoiced.invoiced.people.create({ customer_id: 1 });
    const move = () => invoiced.call('PATCH', `/tasks/${id}`, { customer_id: 2 });
    expect(await move()).toMatchObject({ status: 200, body: { customer_id: 2 } });

    invoiced.invoiced.options.customerUpdatable = false;
    expect(await move()).toMatchObject(refused('customer_id is not a field that can be set', 'customer_id'));

    invoiced.invoiced.options.unknownFields = 'ignored';
    invoiced.invoiced.people.edit(id, { customer_id: 3 });
    expect(await move()).toMatchObject({ status: 200, body: { customer_id: 3 } });
  });

  it('sets completed_date on completion, and clears nothing on reopening, unless told to', async () => {
    await using invoiced = await serveInvoiced();
    const { id } = invoiced.invoiced.people.create();
    const patch = (body: unknown) => invoiced.call('PATCH', `/tasks/${id}`, body);
    const done = { complete: true, completed_date: invoiced.now(), completed_by_user_id: 7 };
    expect(await patch({ complete: true, completed_by_user_id: 7 })).toMatchObject({ body: done });

    invoiced.clock.advance(60_000);
    expect(await patch({ complete: true })).toMatchObject({ body: done });
    expect(await patch({ complete: false })).toMatchObject({ body: { ...done, complete: false } });

    invoiced.invoiced.options.reopenClears = true;
    await patch({ complete: true });
    const cleared = { complete: false, completed_date: null, completed_by_user_id: null };
    expect(await patch({ complete: false })).toMatchObject({ body: cleared });
  });

  it('casts texts to booleans as PHP does', async () => {
    await using invoiced = await serveInvoiced();
    const { id } = invoiced.invoiced.people.create();
    const complete = async (value: unknown) =>
      (await invoiced.call('PATCH', `/tasks/${id}`, { complete: value })).body.complete;
    expect(await complete('false')).toBe(true);
    expect(await complete('0')).toBe(false);
    expect(await complete(1)).toBe(true);
    expect(await complete('')).toBe(false);
  });
});

describe('tasks that are not there', () => {
  it.each([
    ['GET', '/tasks/4711', undefined],
    ['PATCH', '/tasks/4711', { name: 'x' }],
    ['DELETE', '/tasks/4711', undefined],
  ])('answers %s %s with 404', async (method, path, body) => {
    await using invoiced = await serveInvoiced();
    const answer = await invoiced.call(method, path, body);
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual({ type: 'invalid_request', message: 'Task was not found: 4711' });
  });

  it('deletes for good', async () => {
    await using invoiced = await serveInvoiced();
    const { id } = invoiced.invoiced.people.create();
    expect((await invoiced.call('DELETE', `/tasks/${id}`)).status).toBe(204);
    expect((await invoiced.call('GET', `/tasks/${id}`)).status).toBe(404);
    expect((await invoiced.call('DELETE', `/tasks/${id}`)).status).toBe(404);
    expect((await invoiced.call('POST', '/tasks', sparse)).body.id).toBe(id + 1);
  });

  it('knows no other routes', async () => {
    await using invoiced = await serveInvoiced();
    expect(await invoiced.call('PUT', '/tasks/1', {})).toMatchObject({ status: 404 });
    expect(await invoiced.call('GET', '/tasks/1/notes')).toMatchObject({ status: 404 });
  });
});
