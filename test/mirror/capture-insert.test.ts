import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Mirror, openMirror, type Row, refusalOf, type Source, sources } from './mirror.js';

let mirror: Mirror;
beforeAll(async () => {
  mirror = await openMirror();
});
afterAll(() => mirror.close());

const insert = (source: Source, task: Record<string, unknown>) =>
  mirror.sql<Row[]>`insert into ${mirror.sql(source)}.tasks ${mirror.sql(task)} returning *`;

async function inserted(source: Source, task: Record<string, unknown>): Promise<Row> {
  const [row] = await insert(source, task);
  if (row === undefined) throw new Error('the INSERT gave no row');
  return row;
}

describe.each(sources)('an INSERT into %s.tasks', (source) => {
  test('draws a row_id, waits to be sent and tells so at once', async () => {
    const row = await inserted(source, { name: 'New' });
    expect(row).toMatchObject({
      row_id: expect.stringMatching(/^\d+$/),
      connection: source,
      id: null,
      raw: null,
      vis_state: 0,
      sync_state: 'pending',
      push_attempts: 0,
      pending_since: row['edited_at'],
    });
    expect(row['edited_at']).toBeInstanceOf(Date);
  });

  test('takes what an ORM writes out as null for what it leaves to the database', async () => {
    const task = { connection: null, id: null, raw: null, row_id: null, vis_state: null, sync_state: null };
    const more =
      source === 'invoiced'
        ? { complete: null, push_attempts: null }
        : { description: null, billable: null, tax1: null, tax2: null };
    expect(await inserted(source, { name: 'New', ...task, ...more })).toMatchObject({
      connection: source,
      vis_state: 0,
      sync_state: 'pending',
      ...(source === 'invoiced'
        ? { complete: false, push_attempts: 0 }
        : { description: '', billable: true, tax1: '0', tax2: '0' }),
    });
  });

  test('may name its other account', async () => {
    const other = `${source}-second`;
    await mirror.sql`
      insert into sync.connections (name, source, poll_every_ms, sweep_every_ms) values (${other}, ${source}, 1, 1)
      on conflict do nothing`;
    expect(await inserted(source, { name: 'New', connection: other })).toMatchObject({ connection: other });
  });

  test('may not name an account that there is not, nor one of the other source', async () => {
    const [elsewhere = 'invoiced'] = sources.filter((each) => each !== source);
    for (const connection of ['nowhere', elsewhere]) {
      const { message, hint, code } = await refusalOf(insert(source, { name: 'New', connection }));
      expect(message).toBe(
        `${source}.tasks, new task "New": there is no connection "${connection}" for ${source}`,
      );
      expect(hint).toMatch(new RegExp(`^Use one of: ${source}`));
      expect(code).toBe('23503');
    }
  });

  test('may not choose its id or row_id', async () => {
    expect(await refusalOf(insert(source, { name: 'New', id: 77 }))).toMatchObject({
      message: `${source}.tasks, new task "New": the mirror has no task with id 77, and a new task gets its id from the API`,
      hint: expect.stringContaining('Leave id out'),
      column: 'id',
    });
    expect(await refusalOf(insert(source, { name: 'New', row_id: 987654321 }))).toMatchObject({
      message: `${source}.tasks, new task "New": row_id 987654321 is no row of this table, and that of a new task is never chosen`,
      hint: expect.stringContaining('RETURNING row_id'),
      column: 'row_id',
    });
  });

  test("a row_id of the other source's table is none of this one's", async () => {
    const [elsewhere = 'invoiced'] = sources.filter((each) => each !== source);
    const { row_id } = await mirror.synced(elsewhere);
    expect((await refusalOf(insert(source, { name: 'New', row_id }))).column).toBe('row_id');
  });

  test('of a row that is there already ends in the unique violation', async () => {
    const { row_id, id } = await mirror.synced(source);
    expect(await refusalOf(insert(source, { name: 'New', row_id }))).toMatchObject({ code: '23505' });
    expect(await refusalOf(insert(source, { name: 'New', id: Number(id) }))).toMatchObject({
      code: '23505',
      message: expect.stringContaining('tasks_connection_id'),
    });
  });

  test.each([
    ['no name', {}],
    ['a null name', { name: null }],
    ['an empty name', { name: '' }],
    ['a blank name', { name: ' \t\n' }],
  ])('with %s is refused', async (_, task) => {
    const statement =
      Object.keys(task).length === 0
        ? mirror.sql`insert into ${mirror.sql(source)}.tasks default values`
        : insert(source, task);
    expect(await refusalOf(statement)).toMatchObject({
      message: expect.stringMatching(/: a task needs a name$/),
      hint: 'Write a name that is not empty.',
      column: 'name',
    });
  });

  test('of a task that is deleted already, or in a state that there is not, is refused', async () => {
    expect(await refusalOf(insert(source, { name: 'New', vis_state: 1 }))).toMatchObject({
      message: `${source}.tasks, new task "New": a new task can't be deleted already`,
      hint: 'Leave vis_state out.',
    });
    const bad = source === 'invoiced' ? 2 : 3;
    expect(await refusalOf(insert(source, { name: 'New', vis_state: bad }))).toMatchObject({
      message: expect.stringContaining(`vis_state can't be ${bad}`),
      hint: expect.stringMatching(/^Write /),
    });
  });
});

describe('invoiced', () => {
  test.each(['phone', 'letter', 'email', 'review'])('the action %s is taken', async (action) => {
    expect(await inserted('invoiced', { name: 'New', action })).toMatchObject({ action });
  });

  test.each(['fax', 'Phone', '', 'approve_bill'])('the action "%s" is refused', async (action) => {
    expect(await refusalOf(insert('invoiced', { name: 'New', action }))).toMatchObject({
      message: `invoiced.tasks, new task "New": action can't be '${action}'`,
      hint: 'Write phone, letter, email or review.',
      column: 'action',
      code: '23514',
    });
  });
});

describe('freshbooks', () => {
  test('a task may begin archived', async () => {
    expect(await inserted('freshbooks', { name: 'New', vis_state: 2 })).toMatchObject({ vis_state: 2 });
  });

  test('a rate is an amount with a currency', async () => {
    const row = await inserted('freshbooks', { name: 'New', rate_amount: '12.50', rate_code: 'CAD' });
    expect(row).toMatchObject({ rate_amount: '12.50', rate_code: 'CAD' });
  });

  test.each([null, '', 'usd', 'US', 'USDX', 'US$', 'ÄÖÜ', 'USD\n'])(
    'the currency %j is refused',
    async (rate_code) => {
      expect(await refusalOf(insert('freshbooks', { name: 'New', rate_amount: 1, rate_code }))).toMatchObject(
        {
          message: expect.stringMatching(/new task "New": rate_code can't be .* beside a rate_amount$/s),
          hint: 'Write the currency as three capital letters, such as USD.',
          column: 'rate_code',
        },
      );
    },
  );

  test('a currency without an amount is refused', async () => {
    expect(await refusalOf(insert('freshbooks', { name: 'New', rate_code: 'USD' }))).toMatchObject({
      message: 'freshbooks.tasks, new task "New": rate_code says nothing without a rate_amount',
      hint: 'Write rate_amount too, or leave rate_code out.',
    });
  });
});

test('an INSERT says what to do while no account has been set up', async () => {
  await mirror.sql`delete from sync.connections where source = 'freshbooks'`;
  expect(await refusalOf(insert('freshbooks', { name: 'New' }))).toMatchObject({
    message: 'freshbooks.tasks, new task "New": there is no connection "freshbooks" for freshbooks',
    hint: 'No account of freshbooks has been set up: configure one and start the worker once.',
  });
});
