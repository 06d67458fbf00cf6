import { expect, test } from 'vitest';
import { basic, call, idsOf, serve } from './serve.js';

const FURTHER = { apiKey: 'another-key', tasks: 3 };

test('each Invoiced key opens an account of its own', async () => {
  await using served = await serve({ invoiced: { tasks: 5, further: [FURTHER] } });
  const list = (key: string) =>
    call(`${served.invoiced.url}/tasks`, 'GET', undefined, { authorization: basic(key) });
  expect(idsOf(await list(served.invoiced.apiKey))).toHaveLength(5);
  expect(idsOf(await list('another-key'))).toHaveLength(3);
  expect((await list('no-key')).status).toBe(401);
  served.invoiced.further[0]?.people.create({ name: 'Only there' });
  expect(idsOf(await list(served.invoiced.apiKey))).toHaveLength(5);
  expect(idsOf(await list('another-key'))).toHaveLength(4);

  await using other = await serve({ invoiced: { further: [FURTHER] } });
  other.restore(served.snapshot());
  expect([...(other.invoiced.further[0]?.people.tasks() ?? [])]).toHaveLength(4);
});

test('a FreshBooks user has several accounts, each with its own tasks, and no others', async () => {
  await using served = await serve({ freshbooks: { tasks: 4, further: { bQ7rT2: 2 } } });
  const { url, accountId, oauth } = served.freshbooks;
  const authorization = `Bearer ${oauth.grant().access_token}`;
  const get = (path: string) => call(url + path, 'GET', undefined, { authorization });
  const total = async (account: string) =>
    (await get(`/accounting/account/${account}/projects/tasks`)).body.response.result?.total;
  expect([await total(accountId), await total('bQ7rT2'), await total('nobody')]).toEqual([4, 2, undefined]);

  const me = await get('/auth/api/v1/users/me');
  const businesses = me.body.response.business_memberships.map(
    ({ business }: { business: { account_id: string } }) => business.account_id,
  );
  expect(businesses).toEqual([accountId, 'bQ7rT2']);

  await using other = await serve({ freshbooks: { further: { bQ7rT2: 0 } } });
  other.restore(served.snapshot());
  expect(other.freshbooks.peopleOf('bQ7rT2').count()).toBe(2);
});

test("one user's consent leaves another's tokens alone, and a second of the same ends the first", async () => {
  await using served = await serve();
  const { url, options, oauth, clientId, clientSecret, redirectUri, refreshToken } = served.freshbooks;
  const app = { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri };
  const token = (more: object) => call(`${url}/auth/oauth/token`, 'POST', { ...app, ...more }, {});
  const refresh = (refresh_token: string) => token({ grant_type: 'refresh_token', refresh_token });
  const exchange = async () =>
    (await token({ grant_type: 'authorization_code', code: oauth.consent() })).body.refresh_token;

  const [user, another] = [options.userId, 99];
  options.userId = another;
  const theirs = await exchange();
  const { body, status } = await refresh(refreshToken);
  expect(status).toBe(200);
  const me = await call(`${url}/auth/api/v1/users/me`, 'GET', undefined, {
    authorization: `Bearer ${body.access_token}`,
  });
  expect(me.body.response.id).toBe(user);

  await exchange();
  expect((await refresh(theirs)).status).toBe(400);
  expect((await refresh(body.refresh_token)).status).toBe(200);
});

test('a snapshot of the time of one user and one account is gone on from', async () => {
  await using served = await serve({ freshbooks: { tasks: 2 } });
  const snapshot = served.snapshot() as { freshbooks: { tasks: unknown } };
  const { tasks } = snapshot.freshbooks;
  const oauth = { refresh: { token: 'kept', scopes: ['user:profile:read'] }, access: [], codes: [] };
  served.restore({ ...snapshot, freshbooks: { version: 1, tasks, oauth } });
  expect(served.freshbooks.people.count()).toBe(2);
  const { clientId, clientSecret, redirectUri, url } = served.freshbooks;
  const form = { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri };
  const used = { ...form, grant_type: 'refresh_token', refresh_token: 'kept' };
  expect((await call(`${url}/auth/oauth/token`, 'POST', used, {})).status).toBe(200);
});
