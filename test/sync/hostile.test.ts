import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectEqual } from './equality.js';
import { cursor, remote, row, someId, versions } from './remote.js';
import { type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 130 }, freshbooks: { tasks: 130 } } });
});
afterEach(() => world.close());

type Keys = Readonly<Record<string, unknown>>;

const named = (name: unknown): Readonly<Record<Connection, Keys>> => ({
  invoiced: { name },
  freshbooks: { name, tname: name },
});
const both = (keys: Keys): Readonly<Record<Connection, Keys>> => ({ invoiced: keys, freshbooks: keys });

/** What an API should never send, by the keys of a task. */
const hostile: readonly (readonly [what: string, keys: Partial<Readonly<Record<Connection, Keys>>>])[] = [
  ['a NUL in its name', named('a\0b')],
  ['half a surrogate pair', named('\ud800')],
  ['a NUL in an unknown key', both({ 'odd\0key': 1 })],
  ['a name that is a number', named(5)],
  ['an id past 2^53', { invoiced: { customer_id: 2 ** 53 + 2 } }],
  ['a time beyond the year 9999', { invoiced: { due_date: 300_000_000_000 } }],
  ['a time in words', { invoiced: { updated_at: '2026-01-01' } }],
  ['a fraction for an id', { invoiced: { user_id: 1.5 } }],
  ['a name too long for an index', { freshbooks: named(incompressible(20_000)).freshbooks }],
  ['a visibility that nobody knows', { freshbooks: { vis_state: 3 } }],
  ['a visibility beyond all columns', { freshbooks: { vis_state: 2 ** 40 } }],
  ['the year 0', { freshbooks: { updated: '0000-01-01 00:00:00' } }],
  ['the year 10000', { freshbooks: { updated: '10000-01-01 00:00:00' } }],
  ['a rate of 41 digits', { freshbooks: { rate: { amount: '9'.repeat(41), code: 'USD' } } }],
  ['a rate that is a number', { freshbooks: { rate: { amount: 5, code: 'USD' } } }],
];

const YEAR_1 = '0001-01-02 12:00:00';
const YEAR_9999 = '9999-12-30 12:00:00';
const seconds = (time: string) => Date.parse(`${time.replace(' ', 'T')}Z`) / 1000;
const priced = (amount: string) => ({ freshbooks: { rate: { amount, code: 'USD' } } });

/** What an API may send, however odd, by the keys of a task; and what the mirror shows of it, as text. */
const odd: readonly (readonly [
  keys: Partial<Readonly<Record<Connection, Keys>>>,
  column: string,
  shown: string,
])[] = [
  [
    { invoiced: { name: 'long '.repeat(20_000) }, freshbooks: { description: 'long '.repeat(20_000) } },
    'long',
    'long '.repeat(20_000),
  ],
  [named('\u202eabc\u202c עברית'), 'name', '\u202eabc\u202c עברית'],
  [named(`'); drop table invoiced.tasks; --`), 'name', `'); drop table invoiced.tasks; --`],
  [named('<script>alert(1)</script>'), 'name', '<script>alert(1)</script>'],
  [priced('1e3'), 'rate_amount', '1000.00'],
  [priced('-0.00'), 'rate_amount', '0.00'],
  [priced('12345678901234567890.25'), 'rate_amount', '12345678901234567890.25'],
  [{ invoiced: { due_date: seconds(YEAR_1) } }, 'due_date', '0001-01-02T12:00:00+00:00'],
  [{ invoiced: { due_date: seconds(YEAR_9999) } }, 'due_date', '9999-12-30T12:00:00+00:00'],
  [{ freshbooks: { updated: YEAR_1 } }, 'updated_at', '0001-01-02T16:56:02+00:00'],
  [{ freshbooks: { updated: YEAR_9999 } }, 'updated_at', '9999-12-30T17:00:00+00:00'],
  [{ invoiced: { action: 'approve_bill' } }, 'action', 'approve_bill'],
];

describe.each(connections)('%s', (connection) => {
  test('what is odd, and can be held all the same, is mirrored as it came', async () => {
    const cases = odd.flatMap(([{ [connection]: keys }, column, shown], index) => {
      const named = column === 'long' ? (connection === 'invoiced' ? 'name' : 'description') : column;
      return keys ? [{ id: someId(world, connection, index), keys, column: named, shown }] : [];
    });
    for (const { id, keys } of cases) mangle(connection, id, keys);
    expectOutcome(await world.walk(connection), 'ok');
    expect(await unreadable(connection)).toEqual([]);
    for (const { id, column, shown } of cases) {
      const [found] = await world.sql.begin(async (tx) => {
        await tx`set local time zone 'UTC'`;
        return tx`select to_jsonb(t) ->> ${column} as shown from ${tx(connection)}.tasks t where id = ${id}`;
      });
      expect(found?.['shown']).toBe(shown);
    }
    const before = await versions(world, connection);
    expectOutcome(await world.poll(connection), 'ok');
    expect(await versions(world, connection)).toEqual(before);
  });

  test('a task that cannot be mirrored stops only itself, is visible in SQL, and heals', async () => {
    const [known, healthy] = [someId(world, connection, 3), someId(world, connection, 4)];
    await world.walk(connection);
    const before = await row(world, connection, known);
    for (const [what, { [connection]: keys }] of hostile) {
      if (keys === undefined) continue;
      const fresh = remote(world, connection).create(`new, ${what}`);
      remote(world, connection).rename(healthy, `beside ${what}`);
      mangle(connection, fresh, keys);
      mangle(connection, known, keys);

      const { kind, error, failed } = await polledAndSwept(connection);
      expect([what, kind, error, failed]).toEqual([what, 'sweep', null, 2]);
      expect(await row(world, connection, healthy)).toMatchObject({ name: `beside ${what}` });
      expect([what, (await row(world, connection, known))['version']]).toEqual([what, before['version']]);
      expect([what, await unreadable(connection)]).toEqual([what, [String(known), String(fresh)].sort()]);

      mangle(connection, fresh, original(connection, fresh));
      mangle(connection, known, original(connection, known));
      await polledAndSwept(connection);
      await expectEqual(world, connection);
      expect(await unreadable(connection)).toEqual([]);
    }
  });

  test('a report that stays costs no write, and is taken back when its task is gone', async () => {
    await world.walk(connection);
    const { create, remove } = remote(world, connection);
    const id = create('odd');
    mangle(connection, id, named(7)[connection]);
    await polledAndSwept(connection);
    const [first] = await reports(connection);
    await polledAndSwept(connection);
    expect(await reports(connection)).toEqual([first]);

    remove(id);
    if (connection === 'freshbooks') mangle(connection, id, original(connection, id));
    await polledAndSwept(connection);
    expect(await reports(connection)).toEqual([]);
  });

  test('rows that are no tasks are counted, and taken back once they are gone', async () => {
    const { faults } = world.sandbox;
    faults.add({
      api: connection,
      route: 'tasks.list',
      fault: {
        kind: 'extra-rows',
        rows: [null, 7, 'task', [], { id: 'x' }, { id: -1 }, { id: 2 ** 53 }],
        json: [
          '{"id":77,"name":"deep","odd":1e999}',
          `${'['.repeat(200)}${']'.repeat(200)}`,
          `{"id":78,"name":"deeper","odd":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
        ],
      },
    });
    expectOutcome(await world.walk(connection), 'ok');
    expect([...(await unreadable(connection))].sort()).toEqual([
      '-1',
      '77',
      '78',
      '9007199254740992',
      'without an id',
      'x',
    ]);
    faults.clear();
    await polledAndSwept(connection);
    await expectEqual(world, connection);
    expect(await unreadable(connection)).toEqual([]);
  });

  test('unknown keys are kept as they came, __proto__ and huge numbers too', async () => {
    const id = someId(world, connection);
    const odd = JSON.parse(
      '{"__proto__":{"polluted":true},"constructor":1,"big":1e300,"vis":[null,{"":""}]}',
    );
    // A spread keeps a key __proto__; JSON.parse made it.
    mangle(connection, id, { ...odd });
    await world.walk(connection);
    await expectEqual(world, connection);
    const [kept] = await world.sql`
      select raw -> '__proto__' as proto, raw -> 'constructor' as constructor, raw ->> 'big' as big, raw -> 'vis' as vis
      from ${world.sql(connection)}.tasks where id = ${id}`;
    expect(kept).toMatchObject({ proto: { polluted: true }, constructor: 1, vis: [null, { '': '' }] });
    expect(Number(kept?.['big'])).toBe(1e300);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    const before = await versions(world, connection);
    await polledAndSwept(connection);
    expect(await versions(world, connection)).toEqual(before);
  });

  test('a listing that never ends ends the run with an error, and what came before stays', async () => {
    await world.walk(connection);
    remote(world, connection).create('before the loop');
    world.sandbox.faults.add({ api: connection, route: 'tasks.list', fault: { kind: 'repeat-page' } });
    // A poll at Invoiced ends with the first page: its rows are older than the cursor.
    for (const work of connection === 'invoiced' ? [world.walk] : [world.poll, world.walk]) {
      const controller = new AbortController();
      const limit = setTimeout(() => controller.abort(), 20_000);
      const result = await work(connection, { signal: controller.signal });
      clearTimeout(limit);
      expect(result).toMatchObject({ outcome: 'failed', error: expect.stringContaining('without end') });
    }
    world.sandbox.faults.clear();
    await polledAndSwept(connection);
    await expectEqual(world, connection);
  });

  test.each([1e15, -1, 0.5, 1e300, 'many', null])('a total of %j harms nobody', async (total) => {
    await world.walk(connection);
    world.sandbox.faults.add({ api: connection, route: 'tasks.list', fault: claimed(connection, total) });
    expectOutcome(await world.walk(connection), 'ok');
  });

  test.each(['-271821-04-20T00:00:00.000Z', '+275760-09-13T00:00:00.000Z', 'yesterday', ''])(
    'a Date of %j is no clock, and leaves the cursor to ours',
    async (date) => {
      await world.walk(connection);
      const before = await cursor(world, connection);
      const fault = { ...claimed(connection, 1), headers: { Date: date } };
      world.sandbox.faults.add({ api: connection, route: 'tasks.list', fault });
      expectOutcome(await world.poll(connection), 'ok');
      expect(await cursor(world, connection)).toBeGreaterThan(before ?? 0);
    },
  );
});

test('a key of the API that is named like a column of ours decides neither about absence nor about sending', async () => {
  const [text, one, other] = [0, 1, 2].map((index) => someId(world, 'invoiced', index));
  mangle('invoiced', text ?? 0, { vis_state: 'shown' });
  mangle('invoiced', one ?? 0, { vis_state: 1 });
  mangle('invoiced', other ?? 0, { vis_state: 1 });
  await world.walk('invoiced');
  remote(world, 'invoiced').remove(one ?? 0);
  await polledAndSwept('invoiced');
  await expectEqual(world, 'invoiced');

  const many = remote(world, 'invoiced').ids().slice(0, 15);
  await world.sql`update invoiced.tasks set name = name || '!' where id = any(${many})`;
  expectOutcome(await world.push('invoiced'), 'ok');
  await expectEqual(world, 'invoiced');
  await world.sql`delete from invoiced.tasks where id = any(${many})`;
  expectOutcome(await world.push('invoiced'), 'ok');
  await expectEqual(world, 'invoiced');
});

test('a Link that leads to itself or to another host is not followed', async () => {
  for (const target of ['http://127.0.0.1:1/tasks?page=2', `${world.sandbox.invoiced.url}/tasks?page=1`]) {
    world.sandbox.faults.add({
      api: 'invoiced',
      route: 'tasks.list',
      fault: { kind: 'status', status: 200, body: [], headers: { Link: `<${target}>; rel="next"` } },
      times: 1,
    });
    expectOutcome(await world.walk('invoiced', { full: true }), 'ok');
  }
});

function mangle(connection: Connection, id: number, keys: Keys): void {
  world.sandbox[connection].people.mangle(id, keys);
}

/** What lies under the overlay, so that laying it over again takes it off. */
function original(connection: Connection, id: number): Keys {
  const task = world.sandbox[connection].people.task(id);
  return { ...task, 'odd\0key': undefined };
}

async function polledAndSwept(connection: Connection): Promise<Record<string, unknown>> {
  expectOutcome(await world.poll(connection), 'ok');
  expectOutcome(await world.walk(connection), 'ok');
  return world.lastRun(connection);
}

async function reports(connection: Connection): Promise<readonly unknown[]> {
  // A row that was written again, be it the same, has another version.
  return world.sql`
    select *, xmin::text as version from sync.unreadable where connection = ${connection} order by task_id`;
}

async function unreadable(connection: Connection): Promise<readonly string[]> {
  const rows = await world.sql`
    select task_id from sync.unreadable where connection = ${connection} order by task_id`;
  return rows.map((report) => String(report['task_id']));
}

function claimed(connection: Connection, total: unknown) {
  const { invoiced, freshbooks } = world.sandbox;
  const tasks = connection === 'invoiced' ? [...invoiced.people.tasks()] : [...freshbooks.people.tasks()];
  return {
    kind: 'status' as const,
    status: 200,
    headers: { 'X-Total-Count': String(total), Link: '<http://127.0.0.1/tasks>; rel="self"' },
    body: connection === 'invoiced' ? tasks : { response: { result: { tasks, page: 1, pages: 1, total } } },
  };
}

/** Text that PostgreSQL can't press into an index entry. */
function incompressible(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return String.fromCharCode(0x4e00 + ((state >>> 16) % 20_000));
  }).join('');
}
