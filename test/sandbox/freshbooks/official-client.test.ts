import { Client } from '@freshbooks/api';
import { PaginationQueryBuilder } from '@freshbooks/api/dist/models/builders/PaginationQueryBuilder.js';
import { SearchQueryBuilder } from '@freshbooks/api/dist/models/builders/SearchQueryBuilder.js';
import { describe, expect, it } from 'vitest';
import { freshbooksDefaults } from '../../../src/sandbox/freshbooks/index.js';
import { type ServedFreshBooks, serveFreshBooks } from './serve.js';

const { accountId, clientId, clientSecret, redirectUri } = freshbooksDefaults;

const clientOf = ({ api }: ServedFreshBooks, tokens: { accessToken?: string; refreshToken?: string } = {}) =>
  new Client(clientId, {
    clientSecret,
    redirectUri,
    apiUrl: api.url,
    accessToken: 'sandbox-access-token',
    refreshToken: 'sandbox-refresh-token',
    retryOptions: { retries: 0 },
    ...tokens,
  });

/** FreshBooks' own Node client, its faults included, must find in the sandbox what it finds in FreshBooks. */
describe('@freshbooks/api', () => {
  it('finds out who it is', async () => {
    await using served = await serveFreshBooks();
    const { ok, data } = await clientOf(served).users.me();
    expect(ok).toBe(true);
    expect(data?.businessMemberships?.[0]?.business.accountId).toBe(accountId);
    expect(data?.roles?.[0]?.accountId).toBe(accountId);
  });

  it('creates, reads and updates a task', async () => {
    await using served = await serveFreshBooks();
    const client = clientOf(served);
    const created = await client.tasks.create(
      { name: 'Consulting', description: 'By the hour', rate: { amount: '50', code: 'USD' } },
      accountId,
    );
    const task = {
      id: 159361,
      taskid: 159361,
      name: 'Consulting',
      tname: 'Consulting',
      description: 'By the hour',
      tdesc: 'By the hour',
      billable: true,
      rate: { amount: '50.00', code: 'USD' },
      updated: '2026-06-22 08:00:00',
    };
    expect(created).toMatchObject({ ok: true, data: task });
    expect((await client.tasks.single(accountId, 159361)).data).toMatchObject(task);
    served.advance(5);
    const updated = await client.tasks.update({ name: 'Advice', billable: false }, accountId, 159361);
    const advice = {
      ...task,
      name: 'Advice',
      tname: 'Advice',
      billable: false,
      updated: '2026-06-22 08:00:05',
    };
    expect(updated.data).toMatchObject(advice);
    expect((await client.tasks.single(accountId, 159361)).data).toMatchObject(advice);
  });

  it('deletes nothing, since it sends visState, which no task has', async () => {
    await using served = await serveFreshBooks();
    const { id } = served.api.people.createTask({ name: 'A' });
    expect((await clientOf(served).tasks.delete(accountId, id)).ok).toBe(true);
    expect(served.api.people.task(id)?.vis_state).toBe(0);
  });

  it('walks a list page by page', async () => {
    await using served = await serveFreshBooks();
    served.api.people.seed({ count: 123 });
    const client = clientOf(served);
    const ids: unknown[] = [];
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      const { data } = await client.tasks.list(accountId, [
        new PaginationQueryBuilder().page(page).perPage(50),
      ]);
      expect(data?.pages).toEqual({ page, pages: 3, size: 50, total: 123 });
      ids.push(...(data?.tasks.map((task) => task.id) ?? []));
      pages = data?.pages.pages ?? 0;
    }
    expect(ids).toEqual(Array.from({ length: 123 }, (_, index) => 159361 + index));
  });

  it('searches', async () => {
    await using served = await serveFreshBooks();
    const { people } = served.api;
    for (const name of ['A', 'B', 'C']) {
      people.createTask({ name, billable: name !== 'A', rate: { amount: name === 'C' ? 80 : 40 } });
      served.advance(86_400);
    }
    people.deleteTask(people.createTask({ name: 'D' }).id);
    const client = clientOf(served);
    const found = async (search: SearchQueryBuilder) =>
      (await client.tasks.list(accountId, [search])).data?.tasks.map((task) => task.name);
    expect(await found(new SearchQueryBuilder().equals('billable', 'false'))).toEqual(['A']);
    expect(await found(new SearchQueryBuilder().in('taskids', ['159361', '159363']))).toEqual(['A', 'C']);
    expect(await found(new SearchQueryBuilder().between('rate', { min: 50 }))).toEqual(['C']);
    expect(await found(new SearchQueryBuilder().between('updated', { min: '2026-06-23' }))).toEqual([
      'B',
      'C',
    ]);
    expect(await found(new SearchQueryBuilder().equals('vis_state', 1))).toEqual(['D']);
  });

  it('refreshes its tokens, and can’t do it twice with one', async () => {
    await using served = await serveFreshBooks({ accessTokenSeconds: 60 });
    const client = clientOf(served);
    served.advance(60);
    await expect(client.tasks.list(accountId)).rejects.toMatchObject({ statusCode: '401' });
    const tokens = await client.refreshAccessToken();
    expect(tokens?.accessTokenExpiresAt).toEqual(new Date('2026-06-22T12:02:00Z'));
    expect((await client.tasks.list(accountId)).ok).toBe(true);
    await expect(client.refreshAccessToken('sandbox-refresh-token')).rejects.toMatchObject({
      statusCode: '400',
    });
    expect(await client.refreshAccessToken()).toMatchObject({ accessToken: expect.any(String) });
  });

  it('exchanges the code of a consent', async () => {
    await using served = await serveFreshBooks();
    const client = clientOf(served, { accessToken: 'none' });
    await client.getAccessToken(served.api.oauth.consent());
    expect((await client.tasks.list(accountId)).ok).toBe(true);
  });

  it.each(['errors', 'details'] as const)('reads errors of the shape %s', async (errorShape) => {
    await using served = await serveFreshBooks({ errorShape });
    const error = {
      errorCode: 1012,
      field: 'taskid',
      message: 'Task not found.',
      object: 'task',
      value: '5',
    };
    await expect(clientOf(served).tasks.single(accountId, 5)).rejects.toMatchObject({
      statusCode: '404',
      errors: [error],
    });
  });

  it('takes errors that come with 200 for success', async () => {
    await using served = await serveFreshBooks({ permission: 'none' });
    const { ok, data } = await clientOf(served).tasks.list(accountId);
    expect(ok).toBe(true);
    expect(data).toMatchObject({ errors: [{ errorCode: 1003 }] });
  });
});
