import { expect, it } from 'vitest';
import { serve } from '../serve.js';

/** The task as the published page prints it. Its time of creation was 2019-10-17T21:21:23Z. */
const printed = {
  action: 'phone',
  chase_step_id: null,
  complete: false,
  completed_by_user_id: null,
  completed_date: null,
  created_at: 1571347283,
  customer_id: 481594,
  due_date: 1571288400,
  id: 788,
  name: 'Call customer',
  updated_at: 1571347283,
  user_id: 1976,
};

/** The printed request: a form, as curl sends it. */
const form = {
  body: 'customer_id=481594&name=Call%20customer&action=phone&due_date=1571288400&user_id=1976',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
};

const asPrinted = () =>
  serve({ startAt: 1571347283_000, invoiced: { options: { extraKeys: false, firstTaskId: 788 } } });

it('creates the printed task from the printed form', async () => {
  await using invoiced = await asPrinted();
  const answer = await invoiced.call('POST', '/tasks', form.body, form.headers);
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual(printed);
  expect(Object.keys(answer.body)).toEqual(Object.keys(printed));
});

it('creates the printed task from JSON too', async () => {
  await using invoiced = await asPrinted();
  const { customer_id, name, action, due_date, user_id } = printed;
  const answer = await invoiced.call('POST', '/tasks', { customer_id, name, action, due_date, user_id });
  expect(answer).toMatchObject({ status: 201, body: printed });
});

it('retrieves, updates, lists and deletes it as printed', async () => {
  await using invoiced = await asPrinted();
  await invoiced.call('POST', '/tasks', form.body, form.headers);

  const one = await invoiced.call('GET', '/tasks/788');
  expect(one).toMatchObject({ status: 200, body: printed });

  const updated = await invoiced.call('PATCH', '/tasks/788', 'due_date=1587366000', form.headers);
  expect(updated.status).toBe(200);
  expect(updated.body).toEqual({ ...printed, due_date: 1587366000 });

  const list = await invoiced.call('GET', '/tasks?per_page=3');
  expect(list.status).toBe(200);
  expect(list.body).toEqual([{ ...printed, due_date: 1587366000 }]);

  const deleted = await invoiced.call('DELETE', '/tasks/788');
  expect(deleted).toMatchObject({ status: 204, body: '' });
  expect(deleted.headers.get('content-length')).toBeNull();
});

it('answers with the undocumented keys besides, unless told not to', async () => {
  await using invoiced = await serve();
  const { id } = invoiced.invoiced.people.create({ customer_id: 5 });
  const { body } = await invoiced.call('GET', `/tasks/${id}`);
  expect(body).toMatchObject({
    customer: 5,
    bill: null,
    bill_id: null,
    vendor_credit: null,
    vendor_credit_id: null,
  });
});
