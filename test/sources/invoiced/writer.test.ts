import { describe, expect, it } from 'vitest';
import type { SandboxOptions } from '../../../src/sandbox/index.js';
import type { SourceDeps } from '../../../src/sources/index.js';
import type { Columns } from '../../../src/sources/source.js';
import { never, type OpenClient, openInvoiced, patienceWith, sandboxFor } from '../sandbox.js';
import { failureOf, something, unknownFaults, writesIn, written } from '../writes.js';

const first = 788;
const key = 'b1946ac9-2a4c-4b5e-9d1e-0f6f5d1f7c11';
const phoned: Columns = {
  name: 'Call',
  action: 'phone',
  customer_id: null,
  user_id: 1976,
  due_date: 1_780_000_000,
  complete: false,
  completed_by_user_id: null,
  completed_date: null,
  chase_step_id: null,
  created_at: null,
  updated_at: null,
  vis_state: 0,
};

async function open(options: SandboxOptions['invoiced'] = {}, limits: SourceDeps['limits'] = {}) {
  const sandbox = await sandboxFor({ invoiced: { tasks: 3, ...options } });
  const client = openInvoiced(sandbox, { share: 'push', limits });
  const { people } = sandbox.invoiced;
  const columns = (changes: Columns): Columns => ({
    ...phoned,
    ...people.task(first),
    vis_state: 0,
    ...changes,
  });
  const edit = (client: OpenClient, changes: Columns) =>
    client.writer.next(first, columns(changes), Object.keys(changes));
  return { sandbox, client, people, edit, columns };
}

describe('a create at Invoiced', () => {
  it('sends what the row holds, and gives the task that was made of it', async () => {
    const { sandbox, client, people } = await open();
    const call = client.writer.create(phoned, key);
    const sent = { name: 'Call', action: 'phone', user_id: 1976, due_date: 1_780_000_000, complete: false };
    expect(call).toEqual({ method: 'POST', path: '/tasks', sent, idempotencyKey: key });
    const task = await written(client, call);
    expect(people.task(task.id)).toMatchObject(sent);
    expect(task.columns).toMatchObject({ ...sent, vis_state: 0 });
    expect(writesIn(sandbox)).toEqual([['POST', sent]]);
    expect(client.events.at(-1)).toMatchObject({ route: 'tasks.create', status: 201 });
  });

  it.each([
    ['honoured', 1],
    ['ignored', 2],
  ] as const)('sent twice under a key that is %s makes %i', async (idempotency, made) => {
    const { sandbox, client, people } = await open({ options: { idempotency } });
    const call = client.writer.create(phoned, key);
    const ids = [(await written(client, call)).id, (await written(client, call)).id];
    expect(new Set(ids).size).toBe(made);
    expect(people.count()).toBe(3 + made);
    expect(sandbox.log.entries({ method: 'POST' }).map((entry) => entry.idempotencyKey)).toEqual([key, key]);
  });

  it('that is refused says so in the words of the API', async () => {
    const { client, people } = await open();
    const error = await failureOf(client, client.writer.create({ ...phoned, due_date: null }, key));
    expect(error).toMatchObject({
      kind: 'invalid',
      status: 400,
      words: 'Due Date is missing',
      definite: true,
    });
    expect(people.count()).toBe(3);
  });

  it('that is refused for now is left to a new key, since the old one would be refused again', async () => {
    const { sandbox, client, people } = await open();
    sandbox.faults.add({
      api: 'invoiced',
      route: 'tasks.create',
      times: 1,
      fault: { kind: 'status', status: 429 },
    });
    const error = await failureOf(client, client.writer.create(phoned, key));
    expect(error).toMatchObject({ kind: 'rate-limited', definite: true });
    expect(await failureOf(client, client.writer.create(phoned, key))).toMatchObject({ status: 429 });
    await written(client, client.writer.create(phoned, `${key}-2`));
    expect(people.count()).toBe(4);
  });

  it.each(unknownFaults)('met by %s is not sent again: its outcome is unknown', async (_, fault) => {
    const { sandbox, client, people } = await open({}, patienceWith(fault));
    sandbox.faults.add({ api: 'invoiced', route: 'tasks.create', fault });
    const error = await failureOf(client, client.writer.create(phoned, key));
    expect(error.definite).toBe(false);
    expect(writesIn(sandbox)).toHaveLength(1);
    expect(people.count()).toBe(fault.when === 'after' ? 4 : 3);
  });
});

describe('an edit at Invoiced', () => {
  it('sends the pending fields only, with real booleans and nulls', async () => {
    const { sandbox, client, people, edit } = await open();
    const changes = { complete: true, completed_by_user_id: null, user_id: null, due_date: 1_790_000_000 };
    const task = await written(client, edit(client, changes));
    expect(writesIn(sandbox)).toEqual([['PATCH', changes]]);
    expect(task.id).toBe(first);
    expect(people.task(first)).toMatchObject(changes);
    expect(task.raw).toMatchObject(changes);
  });

  it('of nothing is no call; nor is one of a task that is deleted', async () => {
    const { client, columns } = await open();
    expect(client.writer.next(first, columns({}), [])).toBeNull();
    expect(client.writer.next(first, columns({}), ['vis_state'])).toBeNull();
    expect(client.writer.next(first, columns({ name: 'New', vis_state: 1 }), ['name'])).toBeNull();
  });

  it('of the customer is refused where the API takes none', async () => {
    const { client, edit } = await open({ options: { customerUpdatable: false } });
    expect(await failureOf(client, edit(client, { customer_id: 7 }))).toMatchObject({
      status: 400,
      definite: true,
    });
  });

  it.each([
    ['a refusal for now', 429],
    ['a conflict', 409],
  ] as const)('met by %s is sent again until it is done, once', async (_, status) => {
    const { sandbox, client, people, edit } = await open();
    sandbox.faults.add({
      api: 'invoiced',
      route: 'tasks.update',
      times: 2,
      fault: { kind: 'status', status },
    });
    await written(client, edit(client, { name: 'New' }));
    expect(sandbox.log.entries({ method: 'PATCH' }).map((entry) => entry.status)).toEqual([
      status,
      status,
      200,
    ]);
    expect(people.task(first)?.name).toBe('New');
  });

  it('met by a conflict that stays was not done', async () => {
    const { sandbox, client, people, edit } = await open();
    const before = people.task(first);
    sandbox.faults.add({ api: 'invoiced', route: 'tasks.update', fault: { kind: 'status', status: 409 } });
    const error = await failureOf(client, edit(client, { name: 'New' }));
    expect(error).toMatchObject({ kind: 'conflict', status: 409, definite: true });
    expect(writesIn(sandbox)).toHaveLength(5);
    expect(people.task(first)).toEqual(before);
  });

  it.each(unknownFaults)('met by %s is not sent again: its outcome is unknown', async (_, fault) => {
    const { sandbox, client, people, edit } = await open({}, patienceWith(fault));
    sandbox.faults.add({ api: 'invoiced', route: 'tasks.update', fault });
    const error = await failureOf(client, edit(client, { name: 'New' }));
    expect(error.definite).toBe(false);
    expect(writesIn(sandbox)).toHaveLength(1);
    expect(people.task(first)?.name === 'New').toBe(fault.when === 'after');
  });

  it('answered with a task that can’t be read is done, and says of which task', async () => {
    const { sandbox, client, people, edit } = await open();
    sandbox.faults.add({
      api: 'invoiced',
      route: 'tasks.update',
      fault: { kind: 'add-keys', keys: { complete: 'perhaps' } },
    });
    const { answer } = await client.writer.send(something(edit(client, { name: 'New' })), never);
    expect(answer).toMatchObject({ ok: false, id: String(first) });
    expect(people.task(first)?.name).toBe('New');
  });

  it('answered with another task is of unknown outcome', async () => {
    const { sandbox, client, edit } = await open();
    sandbox.faults.add({
      api: 'invoiced',
      route: 'tasks.update',
      fault: { kind: 'add-keys', keys: { id: 1 } },
    });
    const error = await failureOf(client, edit(client, { name: 'New' }));
    expect(error).toMatchObject({ kind: 'unreadable', status: 200, definite: false });
  });

  it('that gets no turn in time is not sent at all', async () => {
    const { sandbox, edit } = await open();
    sandbox.faults.add({ api: 'invoiced', route: 'tasks.update', fault: { kind: 'hang' } });
    const client = openInvoiced(sandbox, { share: 'once', limits: { totalMs: 2000, startWithinMs: 100 } });
    const hanging = [1, 2].map(() => failureOf(client, edit(client, { name: 'New' })));
    await expect.poll(() => writesIn(sandbox)).toHaveLength(2);
    const error = await failureOf(client, edit(client, { name: 'Newer' }));
    expect(error).toMatchObject({ kind: 'rate-limited', status: null, definite: true });
    expect((await Promise.all(hanging)).map(({ kind, definite }) => [kind, definite])).toEqual([
      ['timeout', false],
      ['timeout', false],
    ]);
    expect(writesIn(sandbox)).toHaveLength(2);
  });
});

describe('a call whose intent took long to be saved', () => {
  it('is not sent: whoever found the intent may hold it for lost already', async () => {
    const { sandbox, client, edit } = await open();
    const call = something(edit(client, { name: 'New' }));
    await expect(client.writer.send(call, never, 3_600_000)).rejects.toMatchObject({ definite: true });
    expect(writesIn(sandbox)).toEqual([]);
    await client.writer.send(call, never, 1_000);
    expect(writesIn(sandbox)).toHaveLength(1);
  });
});

describe('a delete at Invoiced', () => {
  it('goes at once, without the edits of a task that is to be gone for good', async () => {
    const { sandbox, client, people, edit } = await open();
    const call = something(edit(client, { name: 'New', vis_state: 1 }));
    expect(call).toEqual({ method: 'DELETE', path: `/tasks/${first}`, sent: null, idempotencyKey: null });
    expect(await client.writer.send(call, never)).toMatchObject({ answer: 'gone' });
    expect(people.task(first)).toBeUndefined();
    expect(writesIn(sandbox)).toEqual([['DELETE', null]]);
  });

  it('of a task that is gone is as good as done', async () => {
    const { sandbox, client, edit } = await open();
    const call = something(edit(client, { vis_state: 1 }));
    for (const _ of [1, 2]) expect(await client.writer.send(call, never)).toMatchObject({ answer: 'gone' });
    expect(sandbox.log.entries({ method: 'DELETE' }).map((entry) => entry.status)).toEqual([204, 404]);
  });

  it('is not taken for done where nothing else is found either', async () => {
    const { sandbox, client, edit } = await open();
    const body = { type: 'invalid_request', message: 'Not found' };
    sandbox.faults.add({ api: 'invoiced', route: '*', fault: { kind: 'status', status: 404, body } });
    const error = await failureOf(client, edit(client, { vis_state: 1 }));
    expect(error).toMatchObject({ kind: 'not-found', definite: true });
  });

  it('that was done in another way than by 204 is looked for', async () => {
    const { sandbox, client, edit } = await open();
    const fault = { kind: 'status', status: 200, body: '', when: 'after' } as const;
    sandbox.faults.add({ api: 'invoiced', route: 'tasks.delete', fault });
    const call = something(edit(client, { vis_state: 1 }));
    expect(await client.writer.send(call, never)).toMatchObject({ answer: 'gone' });
    expect(sandbox.log.entries({ route: 'tasks.get' }).map(({ status }) => status)).toEqual([404]);
  });

  // Half of a 204 is a whole one, and after other successes the task is looked for.
  it.each(unknownFaults.filter(([name]) => !/(empty|another|cut) answer after/.test(name)))(
    'met by %s is not sent again: its outcome is unknown',
    async (_, fault) => {
      const { sandbox, client, people, edit } = await open({}, patienceWith(fault));
      sandbox.faults.add({ api: 'invoiced', route: 'tasks.delete', fault });
      const error = await failureOf(client, edit(client, { vis_state: 1 }));
      expect(error.definite).toBe(false);
      expect(writesIn(sandbox)).toHaveLength(1);
      expect(people.task(first) === undefined).toBe(fault.when === 'after');
    },
  );
});

it('an account at Invoiced whose key is wrong, or that is closed, is told apart from a refused task', async () => {
  const { sandbox, client, edit } = await open();
  const { options } = sandbox.invoiced;
  const call = edit(client, { name: 'New' });
  options.apiKey = 'another';
  expect(await failureOf(client, call)).toMatchObject({ kind: 'unauthorized', definite: true });
  options.apiKey = sandbox.invoiced.apiKey;
  options.account = 'closed';
  expect(await failureOf(openInvoiced(sandbox), call)).toMatchObject({ definite: true });
});
