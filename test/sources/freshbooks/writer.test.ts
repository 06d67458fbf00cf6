import { describe, expect, it } from 'vitest';
import type { ErrorShape } from '../../../src/sandbox/freshbooks/options.js';
import type { SandboxOptions } from '../../../src/sandbox/index.js';
import type { SourceDeps } from '../../../src/sources/index.js';
import type { Columns } from '../../../src/sources/source.js';
import { never, openFreshbooks, patienceWith, sandboxFor, tokensIn } from '../sandbox.js';
import { failureOf, something, unknownFaults, writesIn, written } from '../writes.js';

const first = 159_361;
const path = '/accounting/account/xZNQ1X/projects/tasks';
const blank: Columns = {
  name: 'Design',
  description: '',
  rate_amount: null,
  rate_code: null,
  billable: null,
  tax1: 0,
  tax2: 0,
  vis_state: 0,
  updated_at: null,
};

async function open(options: SandboxOptions['freshbooks'] = {}, limits: SourceDeps['limits'] = {}) {
  const sandbox = await sandboxFor({ freshbooks: { tasks: 3, ...options } });
  const tokens = tokensIn(sandbox, { accessToken: 'sandbox-access-token' });
  const client = openFreshbooks(sandbox, { share: 'push', limits, tokens });
  const { people } = sandbox.freshbooks;
  const next = (changes: Columns, pending: readonly string[] = Object.keys(changes)) =>
    client.writer.next(first, { ...blank, ...changes }, pending);
  return { sandbox, client, people, next, tokens };
}

describe('a create at FreshBooks', () => {
  it('sends what the row holds, and gives the task that was made of it', async () => {
    const { sandbox, client, people } = await open();
    const row = { ...blank, rate_amount: '50.00', rate_code: 'CAD', billable: false, tax2: 7 };
    const call = client.writer.create(row, 'a key, which FreshBooks has no use for');
    const sent = { name: 'Design', rate: { amount: '50.00', code: 'CAD' }, billable: false, tax2: 7 };
    expect(call).toEqual({ method: 'POST', path, sent, idempotencyKey: null });
    const task = await written(client, call);
    expect(people.task(task.id)).toMatchObject({ ...sent, vis_state: 0 });
    expect(task.columns).toMatchObject({ ...row, updated_at: expect.any(Number) });
    expect(writesIn(sandbox)).toEqual([['POST', { task: sent }]]);
  });

  it('of a name alone leaves the rest to the API, and never sends a state', async () => {
    const { sandbox, client } = await open();
    await written(client, client.writer.create({ ...blank, rate_code: 'USD', vis_state: 2 }, ''));
    expect(writesIn(sandbox)).toEqual([['POST', { task: { name: 'Design' } }]]);
  });

  it.each(unknownFaults)('met by %s is not sent again: its outcome is unknown', async (_, fault) => {
    const { sandbox, client, people } = await open({}, patienceWith(fault));
    sandbox.faults.add({ api: 'freshbooks', route: 'tasks.create', fault });
    const error = await failureOf(client, client.writer.create(blank, ''));
    expect(error.definite).toBe(false);
    expect(writesIn(sandbox)).toHaveLength(1);
    expect(people.count()).toBe(fault.when === 'after' ? 4 : 3);
  });

  it.each(['errors', 'html', 'empty'] as const)(
    'beyond the rate limit, told as %s, is made once when it is sent again',
    async (rateLimitShape) => {
      const { sandbox, client, people } = await open({ options: { rateLimitShape } });
      sandbox.faults.add({
        api: 'freshbooks',
        route: 'tasks.create',
        times: 2,
        fault: { kind: 'status', status: 429 },
      });
      await written(client, client.writer.create(blank, ''));
      expect(sandbox.log.entries({ method: 'POST' }).map(({ status }) => status)).toEqual([429, 429, 200]);
      expect(people.count()).toBe(4);
    },
  );

  it.each(['errors', 'bare', 'details', 'ok'] satisfies ErrorShape[])(
    'that is refused, told as %s, was not done',
    async (errorShape) => {
      const { client, people } = await open({ options: { errorShape, duplicateName: 'refused' } });
      const { name } = people.createTask({ name: 'Taken' });
      const error = await failureOf(client, client.writer.create({ ...blank, name }, ''));
      expect(error).toMatchObject({ kind: 'invalid', code: '1004', definite: true });
      expect(error.words).toContain('exists already');
      expect(people.count()).toBe(4);
    },
  );
});

describe('a change at FreshBooks', () => {
  it('sends the pending fields only, the rate whole', async () => {
    const { sandbox, client, people, next } = await open();
    const changes = { rate_amount: '75.50', rate_code: 'EUR', description: '' };
    const task = await written(client, next(changes, ['description', 'rate']));
    const sent = { description: '', rate: { amount: '75.50', code: 'EUR' } };
    expect(writesIn(sandbox)).toEqual([['PUT', { task: sent }]]);
    expect(people.task(first)).toMatchObject(sent);
    expect(task).toMatchObject({ id: first, columns: changes });
  });

  it.each([
    ['a restore before', 0, 1, [['vis_state'], ['name', 'tax1']]],
    ['a delete after', 1, 0, [['name', 'tax1'], ['vis_state']]],
    ['an archive after', 2, 0, [['name', 'tax1'], ['vis_state']]],
  ] as const)('takes %s the data, each in a call of its own', async (_, state, from, phases) => {
    const { sandbox, client, people, next } = await open({ options: { editDeleted: 'refused' } });
    if (from === 1) people.deleteTask(first);
    const changes: Columns = { name: 'New', tax1: 9, vis_state: state };
    let pending = Object.keys(changes);
    for (let call = next(changes, pending); call !== null; call = next(changes, pending)) {
      const { columns } = await written(client, call);
      pending = pending.filter((name) => columns[name] !== changes[name]);
    }
    expect(people.task(first)).toMatchObject(changes);
    expect(sandbox.log.entries({ method: 'PUT' }).map(({ keys }) => keys)).toEqual(phases);
  });

  it('of nothing is no call; nor is one of a task that is deleted', async () => {
    const { next } = await open();
    expect(next({})).toBeNull();
    expect(next({ name: 'New', vis_state: 1 }, ['name'])).toBeNull();
    expect(something(next({ name: 'New', vis_state: 2 }, ['name'])).sent).toEqual({ name: 'New' });
  });

  it('met by a conflict is sent again, and was not done where that stays', async () => {
    const { sandbox, client, people, next } = await open();
    const fault = { kind: 'status', status: 409 } as const;
    sandbox.faults.add({ api: 'freshbooks', route: 'tasks.update', times: 1, fault });
    await written(client, next({ name: 'New' }));
    expect(sandbox.log.entries({ method: 'PUT' }).map(({ status }) => status)).toEqual([409, 200]);
    sandbox.faults.add({ api: 'freshbooks', route: 'tasks.update', fault });
    const error = await failureOf(client, next({ name: 'Newer' }));
    expect(error).toMatchObject({ kind: 'conflict', definite: true });
    expect(writesIn(sandbox)).toHaveLength(7);
    expect(people.task(first)?.name).toBe('New');
  });

  it.each(unknownFaults)('met by %s is not sent again: its outcome is unknown', async (_, fault) => {
    const { sandbox, client, people, next } = await open({}, patienceWith(fault));
    sandbox.faults.add({ api: 'freshbooks', route: 'tasks.update', fault });
    const error = await failureOf(client, next({ name: 'New' }));
    expect(error.definite).toBe(false);
    expect(writesIn(sandbox)).toHaveLength(1);
    expect(people.task(first)?.name === 'New').toBe(fault.when === 'after');
  });

  it('of a task that was never there, or is deleted, is refused in the words of the API', async () => {
    const { client, people, next } = await open({ options: { editDeleted: 'refused' } });
    const missing = client.writer.next(5, { ...blank, name: 'New' }, ['name']);
    expect(await failureOf(client, missing)).toMatchObject({ code: '1012', definite: true });
    people.deleteTask(first);
    expect(await failureOf(client, next({ name: 'New' }))).toMatchObject({ code: '1011', definite: true });
  });
});

describe('a write at FreshBooks whose token', () => {
  it('is refused goes out once more with the next one, and is done once', async () => {
    const { sandbox, client, people, tokens } = await open({ options: { accessToken: null } });
    await written(client, client.writer.create(blank, ''));
    expect(sandbox.log.entries({ method: 'POST' }).map(({ route, status }) => [route, status])).toEqual([
      ['tasks.create', 401],
      ['oauth.token', 200],
      ['tasks.create', 200],
    ]);
    expect(tokens.rotations).toBe(1);
    expect(people.count()).toBe(4);
  });

  it('is refused again was not done', async () => {
    const { sandbox, client, people } = await open();
    sandbox.faults.add({ api: 'freshbooks', route: 'tasks.create', fault: { kind: 'status', status: 401 } });
    const error = await failureOf(client, client.writer.create(blank, ''));
    expect(error).toMatchObject({ kind: 'unauthorized', definite: true });
    expect(sandbox.log.count({ route: 'tasks.create' })).toBe(2);
    expect(people.count()).toBe(3);
  });

  it.each([
    ['a server at fault', { kind: 'status', status: 503 }, 'server'],
    ['a reset', { kind: 'reset' }, 'network'],
    ['a refusal', { kind: 'status', status: 400, body: { error: 'invalid_request' } }, 'unauthorized'],
  ] as const)(
    'could not be renewed for %s was not sent: that is no refusal of the task',
    async (_, fault, kind) => {
      const { sandbox, client, people } = await open({ options: { accessToken: null } });
      sandbox.faults.add({ api: 'freshbooks', route: 'oauth.token', fault });
      const error = await failureOf(client, client.writer.create(blank, ''));
      expect(error).toMatchObject({ kind, definite: true });
      expect(error.message).toContain('/auth/oauth/token');
      expect(sandbox.log.entries({ route: 'tasks.create' }).map(({ status }) => status)).toEqual([401]);
      expect(people.count()).toBe(3);
    },
  );

  it('is no longer renewed by anything but a person says so', async () => {
    const { sandbox, client } = await open({ options: { accessToken: null } });
    sandbox.freshbooks.oauth.revoke();
    const call = client.writer.create(blank, '');
    await expect(client.writer.send(call, never)).rejects.toMatchObject({ name: 'NeedsConsentError' });
  });
});
