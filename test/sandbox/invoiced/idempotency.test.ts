import { expect, it } from 'vitest';
import { type Served, serveInvoiced, sparse } from '../serve.js';

const key = { 'idempotency-key': '8a1f6c1e-0000-4000-8000-000000000001' };
const create = (invoiced: Served, body: unknown = sparse) => invoiced.call('POST', '/tasks', body, key);

it('gives the first status and body back for 24 h, with no look at the request', async () => {
  await using invoiced = await serveInvoiced();
  const first = await create(invoiced);
  invoiced.clock.advance(24 * 3_600_000 - 1);
  const again = await create(invoiced, { ...sparse, name: 'Something else' });
  expect(again).toMatchObject({ status: 201, body: first.body });
  expect(invoiced.invoiced.people.count()).toBe(1);
  invoiced.clock.advance(1);
  expect((await create(invoiced)).body.id).not.toBe(first.body.id);
});

it('does so for updates', async () => {
  await using invoiced = await serveInvoiced();
  const { id } = invoiced.invoiced.people.create();
  await invoiced.call('PATCH', `/tasks/${id}`, { name: 'one' }, key);
  const second = await invoiced.call('PATCH', `/tasks/${id}`, { name: 'two' }, key);
  expect(second.body.name).toBe('one');
  expect(invoiced.invoiced.people.task(id)?.name).toBe('one');
});

it('keeps errors too, unless told not to', async () => {
  await using invoiced = await serveInvoiced();
  expect((await create(invoiced, {})).status).toBe(400);
  expect((await create(invoiced)).status).toBe(400);

  invoiced.invoiced.options.idempotencyErrors = 'dropped';
  const other = { 'idempotency-key': 'another-key' };
  expect((await invoiced.call('POST', '/tasks', {}, other)).status).toBe(400);
  expect((await invoiced.call('POST', '/tasks', sparse, other)).status).toBe(201);
});

it('keeps a 500 that came before the work, but the task where the work was done', async () => {
  await using invoiced = await serveInvoiced();
  const fail = (when: 'before' | 'after') =>
    invoiced.faults.add({
      api: 'invoiced',
      route: 'tasks.create',
      times: 1,
      fault: { kind: 'status', status: 500, when },
    });
  fail('before');
  expect((await create(invoiced)).status).toBe(500);
  expect((await create(invoiced)).status).toBe(500);
  expect(invoiced.invoiced.people.count()).toBe(0);

  fail('after');
  const other = { 'idempotency-key': 'another-key' };
  expect((await invoiced.call('POST', '/tasks', sparse, other)).status).toBe(500);
  expect((await invoiced.call('POST', '/tasks', sparse, other)).status).toBe(201);
  expect(invoiced.invoiced.people.count()).toBe(1);
});

it('ignores the key when told to', async () => {
  await using invoiced = await serveInvoiced({ idempotency: 'ignored' });
  await create(invoiced);
  await create(invoiced);
  expect(invoiced.invoiced.people.count()).toBe(2);
  expect((await invoiced.call('GET', '/tasks', undefined, key)).status).toBe(200);
});

it.each(['GET', 'DELETE'])('refuses the key on %s', async (method) => {
  await using invoiced = await serveInvoiced();
  const { id } = invoiced.invoiced.people.create();
  expect((await invoiced.call(method, `/tasks/${id}`, undefined, key)).status).toBe(400);
  expect(invoiced.invoiced.people.count()).toBe(1);
});

it.each([
  ['x'.repeat(5), 400],
  ['x'.repeat(6), 201],
  ['x'.repeat(64), 201],
  ['x'.repeat(65), 400],
])('holds a key to 6 to 64 characters: %s', async (value, status) => {
  await using invoiced = await serveInvoiced();
  expect((await invoiced.call('POST', '/tasks', sparse, { 'idempotency-key': value })).status).toBe(status);
});

it.each([
  ['both', 2],
  ['one', 1],
] as const)('of two at once with one key lets %s run', async (idempotencyRace, tasks) => {
  await using invoiced = await serveInvoiced({ idempotencyRace });
  invoiced.setLatency(30);
  const answers = await Promise.all([create(invoiced), create(invoiced)]);
  expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  expect(invoiced.invoiced.people.count()).toBe(tasks);
});
