import { describe, expect, it } from 'vitest';
import { freshbooksDefaults } from '../../../src/sandbox/freshbooks/index.js';
import { type ServedFreshBooks, serveFreshBooks } from './serve.js';

const { clientId, clientSecret, redirectUri } = freshbooksDefaults;
const app = { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri };
const refreshing = (refresh_token: string) => ({ ...app, grant_type: 'refresh_token', refresh_token });
const exchanging = (code: string) => ({ ...app, grant_type: 'authorization_code', code });
const post = (served: ServedFreshBooks, body: unknown) => served.call('POST', '/auth/oauth/token', body);
const works = async (served: ServedFreshBooks, token: string) =>
  (await served.call('GET', 'tasks', undefined, { authorization: `Bearer ${token}` })).status === 200;

const serve = () => serveFreshBooks({ accessTokenSeconds: 43_200 });

describe('refreshing tokens', () => {
  it('gives a new pair, whose life counts from created_at', async () => {
    await using served = await serve();
    const { status, body } = await post(served, refreshing('sandbox-refresh-token'));
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^[0-9a-f]{64}$/),
      token_type: 'Bearer',
      expires_in: 43_200,
      created_at: Date.parse('2026-06-22T12:00:00Z') / 1000,
      refresh_token: expect.stringMatching(/^[0-9a-f]{64}$/),
      scope: 'user:billable_items:read user:billable_items:write user:profile:read',
    });
    expect(body.access_token).not.toBe(body.refresh_token);
    served.advance(43_199);
    expect(await works(served, body.access_token)).toBe(true);
    served.advance(1);
    expect(await works(served, body.access_token)).toBe(false);
  });

  it('takes each refresh token once', async () => {
    await using served = await serve();
    const second = (await post(served, refreshing('sandbox-refresh-token'))).body.refresh_token;
    const again = await post(served, refreshing('sandbox-refresh-token'));
    expect(again.status).toBe(400);
    expect(again.body).toMatchObject({ error: 'invalid_grant', error_description: expect.any(String) });
    expect((await post(served, refreshing(second))).status).toBe(200);
  });

  it('takes a form as well as JSON', async () => {
    await using served = await serve();
    const form = new URLSearchParams(refreshing('sandbox-refresh-token')).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await served.call('POST', '/auth/oauth/token', form, headers)).status).toBe(200);
  });

  it.each(['grant_type', 'client_id', 'client_secret', 'redirect_uri', 'refresh_token'])(
    'needs %s, and burns no token without it',
    async (key) => {
      await using served = await serve();
      const answer = await post(served, { ...refreshing('sandbox-refresh-token'), [key]: undefined });
      expect(answer.status).toBe(400);
      expect((await post(served, refreshing('sandbox-refresh-token'))).status).toBe(200);
    },
  );

  it.each([
    [{ client_secret: 'wrong' }, 401, 'invalid_client'],
    [{ redirect_uri: 'https://elsewhere.example' }, 400, 'invalid_grant'],
    [{ grant_type: 'password' }, 400, 'unsupported_grant_type'],
    [{ refresh_token: 'stolen' }, 400, 'invalid_grant'],
  ])('refuses %j', async (wrong, status, error) => {
    await using served = await serve();
    const answer = await post(served, { ...refreshing('sandbox-refresh-token'), ...wrong });
    expect([answer.status, answer.body.error]).toEqual([status, error]);
  });

  it('refuses a body that is no JSON', async () => {
    await using served = await serve();
    expect((await post(served, '{"grant_type":')).body.error).toBe('invalid_request');
  });

  it.each([
    ['lives', true],
    ['dies', false],
  ] as const)('lets the former access token: %s', async (formerAccessToken, alive) => {
    await using served = await serveFreshBooks({ formerAccessToken });
    await post(served, refreshing('sandbox-refresh-token'));
    expect(await works(served, 'sandbox-access-token')).toBe(alive);
  });
});

describe('a consent', () => {
  it('gives tokens for its code once, and kills the former refresh token then', async () => {
    await using served = await serve();
    const code = served.api.oauth.consent();
    const former = (await post(served, refreshing('sandbox-refresh-token'))).body.refresh_token;
    const { status, body } = await post(served, exchanging(code));
    expect(status).toBe(200);
    expect(await works(served, body.access_token)).toBe(true);
    expect((await post(served, exchanging(code))).body.error).toBe('invalid_grant');
    expect((await post(served, refreshing(former))).body.error).toBe('invalid_grant');
    expect((await post(served, refreshing(body.refresh_token))).status).toBe(200);
  });

  it('has a code that lives five minutes', async () => {
    await using served = await serve();
    const early = served.api.oauth.consent();
    served.advance(299);
    expect((await post(served, exchanging(early))).status).toBe(200);
    const late = served.api.oauth.consent();
    served.advance(300);
    expect((await post(served, exchanging(late))).body.error).toBe('invalid_grant');
  });

  it('sends the browser back with a code, for the scopes that were asked for', async () => {
    await using served = await serve();
    const query = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'user:profile:read',
      state: 'xyz',
    });
    const answer = await served.call('GET', `/oauth/authorize/?${query}`);
    expect(answer.status).toBe(302);
    const back = new URL(answer.headers.get('location') ?? '');
    expect(`${back.origin}${back.pathname}`).toBe(redirectUri);
    expect(back.searchParams.get('state')).toBe('xyz');
    const tokens = await post(served, exchanging(back.searchParams.get('code') ?? ''));
    expect(tokens.body.scope).toBe('user:profile:read');
  });

  it('can be taken back', async () => {
    await using served = await serve();
    served.api.oauth.revoke();
    expect(await works(served, 'sandbox-access-token')).toBe(false);
    expect((await post(served, refreshing('sandbox-refresh-token'))).body.error).toBe('invalid_grant');
  });
});
