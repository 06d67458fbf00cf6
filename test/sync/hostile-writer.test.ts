import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FaultRule } from '../../src/sandbox/fault.js';
import { refusalOf } from '../mirror/mirror.js';
import { expectEqual } from './equality.js';
import { remote, row, someId } from './remote.js';
import { type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

/** One for all: each test takes tasks of its own, and leaves both sides at rest. */
let world: World;
beforeAll(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 30 }, freshbooks: { tasks: 30 } } });
  for (const connection of connections) expectOutcome(await world.walk(connection), 'ok');
});
afterAll(() => world.close());

/** A million letters that no compression makes smaller. */
const MEGABYTE = "(select string_agg(md5(i::text), '') from generate_series(1, 32768) i)";

const NAMES: readonly (readonly [what: string, sql: string])[] = [
  ['a megabyte', MEGABYTE],
  ['quotes and statements', `$$Robert'); DROP TABLE invoiced.tasks; -- "\\'$$`],
  ['HTML', `$$<script>alert(1)</script>&amp;<!--$$`],
  ['control characters', `E'a\\x01\\x08\\x1b[2J\\x7f\\u0085\\u009b31m\\r\\n\\tz'`],
  ['text from right to left, and what turns the direction', `E'\\u202eabc\\u202c עברית \\u2066x\\u2069'`],
  ['what is no letter', `E'\\ufeff\\ufffe\\uffff\\U0010ffff\\u2028\\u2029'`],
  ['a template', `'\${7*7}{{7*7}}%s%n$1:x'`],
];

test.each<[Connection, string, RegExp]>([
  ['freshbooks', "rate_amount = 'NaN'", /tasks_rate_amount_range/],
  ['freshbooks', "rate_amount = '-Infinity'", /tasks_rate_amount_range/],
  ['freshbooks', 'rate_amount = 1e40', /tasks_rate_amount_range/],
  ['freshbooks', 'tax1 = 9007199254740993', /tasks_ids_exact/],
  ['freshbooks', 'tax1 = 9223372036854775808', /bigint out of range/],
  ['freshbooks', 'vis_state = 32768', /smallint out of range/],
  ['freshbooks', 'vis_state = 3', /vis_state can't be 3/],
  ['freshbooks', "name = E'\\t\\n '", /a task needs a name/],
  ['freshbooks', `name = ${MEGABYTE}`, /index row/],
  ['invoiced', "due_date = 'infinity'", /tasks_due_date_range/],
  ['invoiced', "due_date = '-infinity'", /tasks_due_date_range/],
  ['invoiced', "due_date = '0044-03-15 BC'", /tasks_due_date_range/],
  ['invoiced', "due_date = '10000-01-01Z'", /tasks_due_date_range/],
  ['invoiced', 'customer_id = -9223372036854775808', /tasks_ids_exact/],
  ['invoiced', "name = E'nul\\x00'", /invalid byte sequence/],
  ['invoiced', "name = E'\\ud800'", /surrogate/],
  ['invoiced', "action = 'constructor'", /action can't be 'constructor'/],
])('the database refuses at once what no API could hold: %s, %s', async (connection, change, why) => {
  const id = someId(world, connection);
  const before = await row(world, connection, id);
  const refusal = await refusalOf(
    world.sql.unsafe(`update ${connection}.tasks set ${change} where id = ${id}`),
  );
  expect(refusal.message).toMatch(why);
  expect(await row(world, connection, id)).toEqual(before);
});
test.each(connections)('%s: odd names arrive as they were written, and come back so', async (connection) => {
  const fitting = NAMES.filter(([what]) => connection === 'invoiced' || what !== 'a megabyte');
  for (const [index, [, name]] of fitting.entries()) {
    const id = someId(world, connection, index);
    await world.sql.unsafe(`update ${connection}.tasks set name = ${name} where id = ${id}`);
    await world.sql.unsafe(insertOf(connection, name));
  }
  expectOutcome(await world.push(connection), 'ok');
  expect(await world.lastRun(connection)).toMatchObject({ pushed: 2 * fitting.length, failed: 0 });
  expectOutcome(await world.poll(connection), 'ok');
  expectOutcome(await world.walk(connection), 'ok');
  await expectEqual(world, connection);
});

test.each(['0001-01-01Z', '9999-12-31 23:59:59Z', '1969-12-31 23:59:59.5Z', '2026-11-01 01:30-04'])(
  'a due date of %s arrives in whole seconds',
  async (due) => {
    const id = someId(world, 'invoiced');
    await world.sql`update invoiced.tasks set due_date = ${due}::text::timestamptz where id = ${id}`;
    expectOutcome(await world.push('invoiced'), 'ok');
    expectOutcome(await world.poll('invoiced'), 'ok');
    await expectEqual(world, 'invoiced');
  },
);

test.each([
  ["('0.' || repeat('1', 500))::numeric", '0.11'],
  ["('-0.' || repeat('0', 16000) || '1')::numeric", '0.00'],
  ['1e3', '1000.00'],
  ['-0.00', '0.00'],
])('a rate of %s is sent in the precision of the API, and stops no page before', async (rate, sent) => {
  const id = someId(world, 'freshbooks');
  const name = `renamed beside ${rate.slice(0, 20)}`;
  await world.sql.unsafe(`update freshbooks.tasks set rate_amount = ${rate} where id = ${id}`);
  remote(world, 'freshbooks').rename(id, name);
  expectOutcome(await world.poll('freshbooks'), 'ok');
  expectOutcome(await world.push('freshbooks'), 'ok');
  expect(world.sandbox.freshbooks.people.task(id)?.rate.amount).toBe(sent);
  expect(await row(world, 'freshbooks', id)).toMatchObject({ name, sync_state: 'synced' });
  await expectEqual(world, 'freshbooks');
});

test.each<[string, Connection, string, FaultRule['fault'] | null]>([
  ['digits beyond what the API takes', 'freshbooks', 'rate_amount = 12345678901234567890.125', null],
  ["a proxy's bound", 'freshbooks', "description = repeat('x', 1000000)", { kind: 'html', status: 413 }],
  ["a proxy's bound", 'invoiced', `name = ${MEGABYTE}`, { kind: 'html', status: 413 }],
])(
  'what cannot be sent, by %s at %s, fails with a reason, and stops no other row',
  async (_, connection, change, fault) => {
    const [odd, healthy] = [someId(world, connection, 20), someId(world, connection, 21)];
    const route = 'tasks.update';
    await world.sql.unsafe(`update ${connection}.tasks set ${change} where id = ${odd}`);
    if (fault) world.sandbox.faults.add({ api: connection, route, fault, times: 1 });
    expectOutcome(await world.push(connection), 'ok');
    await world.sql`update ${world.sql(connection)}.tasks set name = ${`sent beside ${change.slice(0, 20)}`} where id = ${healthy}`;
    expectOutcome(await world.push(connection), 'ok');
    expect(await row(world, connection, odd)).toMatchObject({
      sync_state: 'failed',
      sync_error: expect.stringMatching(/\S/),
    });
    expect(await row(world, connection, healthy)).toMatchObject({
      sync_state: 'synced',
      name: `sent beside ${change.slice(0, 20)}`,
    });
    const { raw } = await row(world, connection, odd);
    const back =
      connection === 'invoiced'
        ? { name: raw.name }
        : { rate_amount: raw.rate.amount, description: raw.description };
    await world.sql`update ${world.sql(connection)}.tasks set ${world.sql(back)} where id = ${odd}`;
    expectOutcome(await world.push(connection), 'ok');
    await expectEqual(world, connection);
  },
);

function insertOf(connection: Connection, name: string): string {
  return connection === 'invoiced'
    ? `insert into invoiced.tasks (name, action, due_date) values (${name}, 'phone', '2026-12-01Z')`
    : `insert into freshbooks.tasks (name) values (${name})`;
}
