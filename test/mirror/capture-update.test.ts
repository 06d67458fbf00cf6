import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Mirror, openMirror, type Row, refusalOf, type Source, sources } from './mirror.js';

let mirror: Mirror;
beforeAll(async () => {
  mirror = await openMirror();
});
afterAll(() => mirror.close());

const update = (source: Source, { row_id }: Row, columns: Record<string, unknown>) =>
  mirror.sql`update ${mirror.sql(source)}.tasks set ${mirror.sql(columns)} where row_id = ${row_id}`;

async function updated(source: Source, row: Row, columns: Record<string, unknown>): Promise<Row> {
  await update(source, row, columns);
  const after = await mirror.find(source, row.row_id);
  if (after === null) throw new Error('the row is gone');
  return after;
}

const FAILED = {
  sync_state: 'failed',
  sync_error: 'Name is too long',
  edited_at: '2026-11-01T01:00:00Z',
  pending_since: '2026-11-01T01:00:00Z',
  push_attempts: 3,
  push_after: '2026-11-01T02:00:00Z',
};

const AT_ONCE = { sync_state: 'pending', sync_error: null, push_attempts: 0, push_after: null };

describe.each(sources)('an UPDATE of %s.tasks', (source) => {
  test('makes the row pending and leaves raw, the base of the merge, alone', async () => {
    const before = await mirror.synced(source);
    const after = await updated(source, before, { name: 'Another name' });
    expect(after).toEqual({
      ...before,
      ...AT_ONCE,
      name: 'Another name',
      edited_at: expect.any(String),
      pending_since: after['edited_at'],
    });
  });

  test('again: the quiet time begins anew, the bound on waiting does not', async () => {
    const once = await updated(source, await mirror.synced(source), { name: 'First' });
    const twice = await updated(source, once, { name: 'Second' });
    expect(twice['pending_since']).toBe(once['pending_since']);
    expect(String(twice['edited_at']) > String(once['edited_at'])).toBe(true);
  });

  test('again: what it changes is remembered, though it goes back to what was there', async () => {
    const before = await mirror.synced(source);
    const money = source === 'freshbooks' ? { rate_amount: '7.00', rate_code: 'CAD' } : { customer_id: 7 };
    const once = await updated(source, before, { name: 'First', vis_state: 1 });
    expect(once['edited_again']).toBeNull();
    const back = await updated(source, once, { name: before['name'] });
    expect(back).toMatchObject({ name: before['name'], sync_state: 'pending', edited_again: ['name'] });
    const more = await updated(source, back, { ...money, vis_state: 0 });
    expect(more['edited_again']).toEqual([...Object.keys(money), 'name', 'vis_state'].sort());
    expect((await updated(source, more, { name: before['name'] }))['edited_again']).toEqual(
      more['edited_again'],
    );
  });

  test('of a failed row sends it again, waiting anew', async () => {
    const row = await mirror.synced(source, FAILED);
    const after = await updated(source, row, { name: 'Shorter' });
    expect(after).toMatchObject({ ...AT_ONCE, pending_since: after['edited_at'] });
    expect(after['edited_at']).not.toBe(row['edited_at']);
  });

  test('of a row that is put off sends it at once', async () => {
    const off = { ...FAILED, sync_state: 'pending', push_after: '2099-01-01T00:00:00Z' };
    expect(await updated(source, await mirror.synced(source, off), { name: 'Other' })).toMatchObject(AT_ONCE);
  });

  test('that writes what is there changes nothing, on a failed row neither', async () => {
    for (const state of [{}, FAILED]) {
      const before = await mirror.synced(source, state);
      const same = {
        name: before['name'],
        vis_state: before['vis_state'],
        connection: source,
        id: before['id'],
      };
      expect(await updated(source, before, same)).toEqual(before);
    }
  });

  test('to pending on a failed row is a retry, and keeps when it was edited', async () => {
    const row = await mirror.synced(source, FAILED);
    const after = await updated(source, row, { sync_state: 'pending' });
    expect(after).toEqual({ ...row, ...AT_ONCE, pending_since: expect.any(String) });
    expect(after['pending_since']).not.toBe(row['pending_since']);
  });

  test('to pending may write out what a retry does, but nothing else', async () => {
    const row = await mirror.synced(source, FAILED);
    expect((await refusalOf(update(source, row, { sync_state: 'pending', sync_error: 'x' }))).column).toBe(
      'sync_error',
    );
    expect(await updated(source, row, AT_ONCE)).toMatchObject(AT_ONCE);
  });

  test.each([
    ['synced', 'pending'],
    ['pending', 'synced'],
    ['pending', 'failed'],
    ['failed', 'synced'],
  ])('from %s to %s is refused', async (from, to) => {
    const row = await mirror.synced(source, { sync_state: from });
    expect(await refusalOf(update(source, row, { sync_state: to }))).toMatchObject({
      message: `${source}.tasks, row ${row.row_id}: sync_state says how far the worker is: a change of the task makes it pending by itself`,
      hint: expect.stringContaining('Only on a failed row'),
    });
  });

  test('to another account is refused, with the way to do it', async () => {
    const row = await mirror.synced(source);
    expect(await refusalOf(update(source, row, { connection: 'elsewhere' }))).toMatchObject({
      message: `${source}.tasks, row ${row.row_id}: connection is set on INSERT and never changed: a task can't move to another account`,
      hint: 'INSERT the task under the other connection, then DELETE this row.',
    });
  });

  test.each([null, '', '  '])('to the name %j is refused', async (name) => {
    const row = await mirror.synced(source);
    expect(await refusalOf(update(source, row, { name }))).toMatchObject({
      message: `${source}.tasks, row ${row.row_id}: a task needs a name`,
      hint: 'Write a name that is not empty.',
    });
  });

  test.each([null, -1, source === 'invoiced' ? 2 : 3])(
    'to the vis_state %j is refused',
    async (vis_state) => {
      const row = await mirror.synced(source);
      expect(await refusalOf(update(source, row, { vis_state }))).toMatchObject({
        message: expect.stringMatching(new RegExp(`row ${row.row_id}: vis_state can't be ${vis_state}`)),
        hint: expect.stringContaining('1 to delete'),
      });
    },
  );

  test('deletes and restores by vis_state', async () => {
    const row = await mirror.synced(source);
    expect(await updated(source, row, { vis_state: 1 })).toMatchObject({
      vis_state: 1,
      sync_state: 'pending',
    });
    const gone = await mirror.synced(source, { vis_state: 1 });
    expect(await updated(source, gone, { vis_state: 0 })).toMatchObject({
      vis_state: 0,
      sync_state: 'pending',
    });
  });

  test('of a row without a name as the API sent it is let through', async () => {
    const row = await mirror.synced(source, { name: null });
    expect(await updated(source, row, { vis_state: 1 })).toMatchObject({ name: null, sync_state: 'pending' });
  });

  test('counts what a trigger of the user changes, whatever its name', async () => {
    const row = await mirror.synced(source);
    await mirror.sql.unsafe(`
      create function public.shout() returns trigger language plpgsql as 'begin new.name := upper(new.name); return new; end';
      create trigger z_shout before update on ${source}.tasks for each row execute function public.shout()`);
    try {
      expect(await updated(source, row, { vis_state: row['vis_state'] })).toMatchObject({
        name: String(row['name']).toUpperCase(),
        sync_state: 'pending',
      });
    } finally {
      await mirror.sql.unsafe('drop function public.shout() cascade');
    }
  });

  test('by the worker is left as the worker wrote it', async () => {
    const row = await mirror.synced(source);
    await mirror.asWorker(
      (tx) => tx`
        update ${tx(source)}.tasks set name = '', id = 5, updated_at = now(), raw = '{}', sync_error = 'x'
        where row_id = ${row.row_id}`,
    );
    expect(await mirror.find(source, row.row_id)).toMatchObject({
      id: 5,
      sync_state: 'synced',
      sync_error: 'x',
      edited_at: null,
    });
    await mirror.asWorker((tx) => tx`delete from ${tx(source)}.tasks where row_id = ${row.row_id}`);
    expect(await mirror.find(source, row.row_id)).toBeNull();
  });

  test('after the worker on the same pooled connection is captured', async () => {
    const row = await mirror.synced(source);
    const connection = await mirror.sql.reserve();
    try {
      await connection`begin`;
      await connection`select set_config('taskmirror.origin', 'sync', true)`;
      await connection`commit`;
      await connection`update ${connection(source)}.tasks set name = 'Local' where row_id = ${row.row_id}`;
    } finally {
      connection.release();
    }
    expect(await mirror.find(source, row.row_id)).toMatchObject({ sync_state: 'pending' });
  });
});

test("what the API sends may be anything, and does not stand in other edits' way", async () => {
  const row = await mirror.synced('invoiced', { action: 'approve_bill', complete: null });
  expect(await updated('invoiced', row, { due_date: '2027-01-01T00:00:00Z' })).toMatchObject({
    action: 'approve_bill',
    sync_state: 'pending',
  });
  const rated = await mirror.synced('freshbooks', { rate_code: 'usd', billable: null });
  expect(await updated('freshbooks', rated, { rate_amount: '3.00' })).toMatchObject({ rate_code: 'usd' });
});

test.each(['fax', 'approve_bill', null])('an action is not changed to %j', async (action) => {
  const row = await mirror.synced('invoiced');
  expect(await refusalOf(update('invoiced', row, { action }))).toMatchObject({
    message: `invoiced.tasks, row ${row.row_id}: action can't be ${action === null ? 'null' : `'${action}'`}`,
    hint: 'Write phone, letter, email or review.',
  });
});

test('complete and billable are never unknown', async () => {
  const row = await mirror.synced('invoiced');
  expect(await refusalOf(update('invoiced', row, { complete: null }))).toMatchObject({
    message: `invoiced.tasks, row ${row.row_id}: complete can't be null`,
    hint: 'Write true, or false to reopen the task.',
  });
  const billable = await mirror.synced('freshbooks');
  expect(await refusalOf(update('freshbooks', billable, { billable: null }))).toMatchObject({
    message: `freshbooks.tasks, row ${billable.row_id}: billable can't be null`,
    hint: 'Write true or false.',
  });
});

test('completed_date is refused with what to set instead', async () => {
  const row = await mirror.synced('invoiced');
  expect(await refusalOf(update('invoiced', row, { completed_date: '2026-11-02T00:00:00Z' }))).toMatchObject({
    hint: 'Set complete to true instead.',
  });
});

test('a rate is rounded to whole cents as it is written, and one that stays the same is no edit', async () => {
  const row = await mirror.synced('freshbooks', { rate_amount: '12.00' });
  expect(await updated('freshbooks', row, { rate_amount: '12.004' })).toMatchObject({
    rate_amount: 12,
    sync_state: 'synced',
  });
  expect(await updated('freshbooks', row, { rate_amount: '12.345' })).toMatchObject({
    rate_amount: 12.35,
    sync_state: 'pending',
  });
  expect(await updated('freshbooks', row, { rate_amount: '12.3' })).toMatchObject({ rate_amount: 12.3 });
});

test('a rate is not taken away', async () => {
  const row = await mirror.synced('freshbooks');
  for (const columns of [{ rate_amount: null }, { rate_amount: null, rate_code: null }]) {
    expect(await refusalOf(update('freshbooks', row, columns))).toMatchObject({
      message: `freshbooks.tasks, row ${row.row_id}: a rate can't be taken away`,
      hint: 'Write rate_amount 0 instead of null.',
    });
  }
  expect(await updated('freshbooks', row, { rate_amount: 0 })).toMatchObject({
    rate_amount: 0,
    rate_code: 'USD',
  });
});

test('a rate is whole', async () => {
  const none = await mirror.synced('freshbooks', { rate_amount: null, rate_code: null });
  expect((await refusalOf(update('freshbooks', none, { rate_amount: 1 }))).column).toBe('rate_code');
  expect((await refusalOf(update('freshbooks', none, { rate_code: 'USD' }))).column).toBe('rate_amount');
  expect((await refusalOf(update('freshbooks', none, { rate_amount: 1, rate_code: 'usd' }))).column).toBe(
    'rate_code',
  );
  expect(await updated('freshbooks', none, { rate_amount: 1, rate_code: 'EUR' })).toMatchObject({
    rate_code: 'EUR',
  });
});

test('null is what FreshBooks shows for nothing, and no change where that was there', async () => {
  const before = await mirror.synced('freshbooks', { description: '', tax1: 7, tax2: 0 });
  expect(await updated('freshbooks', before, { description: null, tax2: null })).toEqual(before);
  expect(await updated('freshbooks', before, { tax1: null })).toMatchObject({
    tax1: 0,
    sync_state: 'pending',
  });
});
