import { describe, expect, it } from 'vitest';
import { errorOf, serveFreshBooks } from './serve.js';

describe('the body of an error', () => {
  const notFound = { errno: 1012, field: 'taskid', message: 'Task not found.', object: 'task', value: '5' };

  it.each([
    ['errors', 404, { response: { errors: [notFound] } }],
    ['bare', 404, { response: { errors: notFound } }],
    ['ok', 200, { response: { errors: [notFound] } }],
    [
      'details',
      404,
      {
        code: 5,
        message: 'Task not found.',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: '1012',
            domain: 'accounting.api.freshbooks.com',
            metadata: { field: 'taskid', message: 'Task not found.', object: 'task', value: '5' },
          },
        ],
      },
    ],
    ['auth', 404, { error: 'not_found', error_description: 'Task not found.' }],
    ['empty', 404, ''],
  ] as const)('can have the shape %s', async (errorShape, status, body) => {
    await using served = await serveFreshBooks({ errorShape });
    const answer = await served.call('GET', 'tasks/5');
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual(body);
  });

  it('can be a page of HTML', async () => {
    await using served = await serveFreshBooks({ errorShape: 'html' });
    const answer = await served.call('GET', 'tasks/5');
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('text/html');
    expect(answer.body).toMatch(/^<html>/);
  });

  it('keeps its shape where a fault asks for the error', async () => {
    await using served = await serveFreshBooks({ errorShape: 'bare', rateLimitShape: 'details' });
    const { faults } = served.sandbox;
    const { id } = served.api.people.createTask({ name: 'A' });
    const answering = async (route: string, status: number, method: string, path: string) => {
      faults.add({ api: 'freshbooks', route, fault: { kind: 'status', status }, times: 1 });
      const answer = await served.call(method, path, { task: { name: 'B' } });
      return [answer.status, answer.body];
    };
    expect(await answering('tasks.update', 409, 'PUT', `tasks/${id}`)).toMatchObject([
      409,
      { response: { errors: { object: 'task' } } },
    ]);
    expect(await answering('tasks.*', 429, 'POST', 'tasks')).toMatchObject([429, { code: 8 }]);
    expect(await answering('tasks.*', 401, 'POST', 'tasks')).toMatchObject([
      401,
      { error: 'unauthenticated' },
    ]);
    expect(await answering('oauth.token', 400, 'POST', '/auth/oauth/token')).toMatchObject([
      400,
      { error: 'invalid_request' },
    ]);
    expect([...served.api.people.tasks()].map((task) => task.name)).toEqual(['A']);
  });
});

describe('who may call', () => {
  it.each([
    { authorization: '' },
    { authorization: 'Bearer stolen' },
    { authorization: 'sandbox-access-token' },
  ])('answers 401 to %j', async (headers) => {
    await using served = await serveFreshBooks();
    const answer = await served.call('GET', 'tasks', undefined, headers);
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ error: 'unauthenticated' });
  });

  it('answers 403 and errno 1038 where the scope does not reach', async () => {
    await using served = await serveFreshBooks();
    const { id } = served.api.people.createTask({ name: 'A' });
    const { access_token } = served.api.oauth.grant(['user:billable_items:read']);
    const headers = { authorization: `Bearer ${access_token}` };
    const insufficient = { status: 403, errno: 1038 };
    expect((await served.call('GET', 'tasks', undefined, headers)).status).toBe(200);
    expect((await served.call('GET', `tasks/${id}`, undefined, headers)).status).toBe(200);
    const task = { name: 'B' };
    expect(errorOf(await served.call('POST', 'tasks', { task }, headers))).toMatchObject(insufficient);
    expect(errorOf(await served.call('PUT', `tasks/${id}`, { task }, headers))).toMatchObject(insufficient);
    expect(errorOf(await served.call('GET', '/auth/api/v1/users/me', undefined, headers))).toMatchObject(
      insufficient,
    );
    expect(served.api.people.task(id)?.name).toBe('A');
  });

  it('tells a user without permission so with 200', async () => {
    await using served = await serveFreshBooks({ permission: 'none' });
    expect(errorOf(await served.call('GET', 'tasks'))).toMatchObject({ status: 200, errno: 1003 });
    expect(errorOf(await served.call('POST', 'tasks', { task: { name: 'A' } }))).toMatchObject({
      status: 200,
    });
    expect(served.api.people.count()).toBe(0);
  });

  it('answers 404 for another account', async () => {
    await using served = await serveFreshBooks();
    const answer = await served.call('GET', '/accounting/account/other/projects/tasks');
    expect(errorOf(answer)).toMatchObject({ status: 404, errno: 1012, value: 'other' });
  });
});

describe('users/me', () => {
  it.each([
    ['membership', 'xZNQ1X'],
    ['roles', null],
  ] as const)('shows the account id in the %s', async (accountIdIn, accountId) => {
    await using served = await serveFreshBooks({ accountIdIn });
    const { status, body } = await served.call('GET', '/auth/api/v1/users/me');
    expect(status).toBe(200);
    expect(body.response.business_memberships[0].business.account_id).toBe(accountId);
    expect(body.response.roles[0].accountid).toBe('xZNQ1X');
  });
});

describe('the rate limit', () => {
  const limits = (headers: Headers) =>
    ['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`x-ratelimit-${name}`)));
  const start = Date.parse('2026-06-22T12:00:00Z') / 1000;

  it('is told with each success, Retry-After included', async () => {
    await using served = await serveFreshBooks();
    const first = await served.call('GET', 'tasks');
    expect(limits(first.headers)).toEqual([600, 599, start + 60]);
    expect(first.headers.get('retry-after')).toBe('60');
    served.advance(50);
    const second = await served.call('GET', 'tasks');
    expect(limits(second.headers)).toEqual([600, 598, start + 60]);
    expect(second.headers.get('retry-after')).toBe('10');
  });

  it('answers 429 when it is used up, until its window is over', async () => {
    await using served = await serveFreshBooks({ rateLimit: 2 });
    for (const _ of [1, 2]) expect((await served.call('GET', 'tasks')).status).toBe(200);
    const refused = await served.call('POST', 'tasks', { task: { name: 'A' } });
    expect(refused.status).toBe(429);
    expect(limits(refused.headers)).toEqual([2, 0, start + 60]);
    expect(refused.body.response.errors).toHaveLength(1);
    expect(served.api.people.count()).toBe(0);
    served.api.options.rateLimitShape = 'html';
    expect((await served.call('GET', 'tasks')).body).toMatch(/^<html>/);
    served.advance(60);
    expect((await served.call('GET', 'tasks')).status).toBe(200);
  });

  it('begins anew when the clock is set back, and can be lifted', async () => {
    await using served = await serveFreshBooks({ rateLimit: 1 });
    await served.call('GET', 'tasks');
    served.advance(-3600);
    expect((await served.call('GET', 'tasks')).status).toBe(200);
    expect((await served.call('GET', 'tasks')).status).toBe(429);
    served.api.options.rateLimit = null;
    expect((await served.call('GET', 'tasks')).status).toBe(200);
  });
});
