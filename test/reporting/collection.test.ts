import { afterEach, beforeEach, expect, test } from 'vitest';
import { AS_OF, type Desk, openDesk } from './desk.js';

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
  // Far from UTC, so that a view which forgot the setting shows.
  await desk.settings('Pacific/Auckland', 'monday');
});
afterEach(() => desk.close());

test('on an empty database the views are empty', async () => {
  for (const view of ['collection_workload', 'collection_overdue', 'collection_by_customer', 'tasks'])
    expect(await desk.view(view, '1')).toEqual([]);
});

test('the workload counts what is open and what was done of late, by user and action', async () => {
  await desk.task({ user: 7, due: 'today - 1 second' });
  await desk.task({ user: 7, due: 'today' });
  await desk.task({ user: 7, due: 'tomorrow - 1 second' });
  await desk.task({ user: 7, due: 'next_week - 1 second', action: 'letter' });
  await desk.task({ user: 7, due: 'next_week', action: 'letter' });
  await desk.task({ user: 7, due: null, action: 'letter' });
  // Done 2 days after they were due, 1 day before and 6 days after: the one in the middle counts.
  await desk.task({ user: 7, due: 'last_30_days', done: 'last_30_days + 2 days' });
  await desk.task({ user: 7, due: 'last_7_days + 1 day', done: 'last_7_days' });
  await desk.task({ user: 7, due: 'last_7_days - 6 days', done: 'last_7_days' });
  const [phone, letter, ...more] = await desk.view('collection_workload', 'user_id, action desc');
  expect(more).toEqual([]);
  expect(phone).toEqual({
    connection: 'invoiced',
    user_id: 7,
    action: 'phone',
    open: 3,
    overdue: 1,
    due_today: 2,
    due_this_week: expect.any(Number),
    done_last_7_days: 2,
    done_last_30_days: 3,
    median_days_from_due_to_done: 2,
  });
  expect(letter).toMatchObject({
    open: 3,
    overdue: 0,
    due_today: 0,
    due_this_week: 1,
    median_days_from_due_to_done: null,
  });
});

test('this week has its past days, and ends where the next begins', async () => {
  for (const due of ['this_week - 1 second', 'this_week', 'today', 'next_week - 1 second', 'next_week'])
    await desk.task({ due });
  expect(await desk.view('collection_workload', '1')).toMatchObject([{ open: 5, due_this_week: 3 }]);
});

test('a task that was reopened is open, though it keeps the date of its completion', async () => {
  await desk.task({ due: 'today - 3 days', done: 'today - 1 day', complete: false });
  expect(await desk.view('collection_workload', '1')).toMatchObject([
    { open: 1, overdue: 1, done_last_7_days: 0 },
  ]);
});

test('deleted tasks count nowhere, and those of nobody stand by themselves', async () => {
  await desk.task({ user: null, customer: null, due: 'today - 1 day' });
  await desk.task({ due: 'today - 1 day', vis_state: 1 });
  await desk.task({ due: 'today - 1 day', done: 'today', vis_state: 1 });
  expect(await desk.view('collection_workload', '1')).toMatchObject([{ user_id: null, open: 1, overdue: 1 }]);
  expect(await desk.view('collection_by_customer', '1')).toMatchObject([
    { customer_id: null, open: 1, done_last_30_days: 0 },
  ]);
  expect(await desk.view('collection_overdue', '1')).toHaveLength(1);
});

test('an overdue task has the age in days of the calendar', async () => {
  const yesterday = await desk.task({ due: 'today - 1 second', name: 'Since yesterday' });
  const tenth = await desk.task({ due: 'today - 9 days 1 second', name: 'Long since' });
  await desk.task({ due: 'today' });
  await desk.task({ due: 'today - 5 days', done: 'today' });
  expect(await desk.view('collection_overdue', 'days_overdue')).toMatchObject([
    { row_id: Number(yesterday), name: 'Since yesterday', days_overdue: 1 },
    { row_id: Number(tenth), name: 'Long since', days_overdue: 10 },
  ]);
});

test('a customer’s oldest overdue task, next task and last done one', async () => {
  await desk.task({ customer: 4, due: 'today - 8 days' });
  await desk.task({ customer: 4, due: 'today - 2 days' });
  await desk.task({ customer: 4, due: 'tomorrow' });
  await desk.task({ customer: 4, due: 'tomorrow + 3 days' });
  await desk.task({ customer: 4, due: 'today - 8 days', done: 'today - 2 days' });
  await desk.task({ customer: 4, due: 'today - 90 days', done: 'last_30_days - 1 second' });
  const [row] = await desk.sql`
    select v.open, v.overdue, v.done_last_30_days, v.oldest_overdue = c.today - interval '8 days' as oldest,
      v.next_due = c.tomorrow as next, v.last_done = c.today - interval '2 days' as last
    from reporting.collection_by_customer v, reporting.calendar() c`;
  expect(row).toEqual({
    open: '4',
    overdue: '2',
    done_last_30_days: '1',
    oldest: true,
    next: true,
    last: true,
  });
});

test('each view says how fresh it is', async () => {
  await desk.task({ due: 'today - 1 day' });
  for (const view of ['collection_workload', 'collection_overdue', 'collection_by_customer', 'tasks']) {
    const [row] = await desk.sql`select as_of from ${desk.sql(`reporting.${view}`)}`;
    expect(row?.['as_of']).toEqual(new Date(AS_OF));
  }
});
