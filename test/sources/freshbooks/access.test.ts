import { describe, expect, it } from 'vitest';
import { never, openFreshbooks, pagesOf, patienceWith, sandboxFor, tasksById, tokensIn } from '../sandbox.js';

const startAt = Date.parse('2026-06-01T12:00:00Z');
const first = 159_361;

describe('access to FreshBooks', () => {
  it('is got with the refresh token once, for all requests at a time', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 10 } });
    const tokens = tokensIn(sandbox);
    const client = openFreshbooks(sandbox, { tokens });
    await Promise.all(Array.from({ length: 10 }, (_, index) => client.read(first + index, never)));
    expect(tokens.rotations).toBe(1);
    expect(tokens.tokens).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      issuedAt: startAt / 1000,
      expiresAt: startAt / 1000 + 43_200,
      scope: 'user:billable_items:read user:billable_items:write user:profile:read',
    });
    expect(tokens.tokens.refreshToken).not.toBe(sandbox.freshbooks.refreshToken);
    expect(sandbox.log.entries({ route: 'oauth.token' })).toHaveLength(1);
  });

  it('is used while it lasts where a token was given, of whatever age', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 1 } });
    const tokens = tokensIn(sandbox, { accessToken: sandbox.freshbooks.options.accessToken });
    await openFreshbooks(sandbox, { tokens }).read(first, never);
    expect(tokens.rotations).toBe(0);
  });

  it('is renewed five minutes before it ends', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 1 } });
    sandbox.clock.freeze();
    const tokens = tokensIn(sandbox);
    const client = openFreshbooks(sandbox, { tokens });
    const readAfter = async (seconds: number): Promise<number> => {
      sandbox.clock.set(startAt + seconds * 1000);
      await client.read(first, never);
      return tokens.rotations;
    };
    expect(await readAfter(0)).toBe(1);
    expect(await readAfter(43_200 - 301)).toBe(1);
    // Another client, which has the token from the store alone.
    await openFreshbooks(sandbox, { tokens }).read(first, never);
    expect(tokens.rotations).toBe(1);
    expect(await readAfter(43_200 - 299)).toBe(2);
  });

  it('is not renewed at each request where tokens live two seconds', async () => {
    const sandbox = await sandboxFor({
      startAt,
      freshbooks: { tasks: 500, options: { accessTokenSeconds: 2, formerAccessToken: 'dies' } },
    });
    sandbox.clock.freeze();
    const tokens = tokensIn(sandbox);
    const clients = [openFreshbooks(sandbox, { tokens }), openFreshbooks(sandbox, { tokens, share: 'push' })];
    for (let round = 0; round < 5; round++) {
      await Promise.all(clients.map((client) => client.read(first, never)));
      sandbox.clock.advance(500);
    }
    // At 0 s, and once more at 2 s.
    expect(tokens.rotations).toBe(2);
  });

  it('is renewed once when the API refuses the token, and the request goes on', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 300 } });
    const tokens = tokensIn(sandbox, { accessToken: 'revoked', expiresAt: startAt / 1000 + 40_000 });
    const pages = await pagesOf(openFreshbooks(sandbox, { tokens }).walk(null, never));
    expect(tasksById(pages).size).toBe(300);
    expect(tokens.rotations).toBe(1);
  });

  it('is not renewed again and again when every token is refused', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 1 } });
    sandbox.faults.add({ api: 'freshbooks', route: 'tasks.*', fault: { kind: 'status', status: 401 } });
    const tokens = tokensIn(sandbox);
    await expect(openFreshbooks(sandbox, { tokens }).read(first, never)).rejects.toMatchObject({
      kind: 'unauthorized',
    });
    expect(tokens.rotations).toBe(2);
    expect(sandbox.log.count({ route: 'tasks.*' })).toBe(2);
  });

  it('is taken from another who has renewed it meanwhile', async () => {
    const sandbox = await sandboxFor({
      startAt,
      freshbooks: { tasks: 1, options: { formerAccessToken: 'dies' } },
    });
    const tokens = tokensIn(sandbox);
    const [one, other] = [openFreshbooks(sandbox, { tokens }), openFreshbooks(sandbox, { tokens })];
    await one.read(first, never);
    await tokens.rotate(tokens.tokens, async ({ refreshToken }) => {
      const { access_token, refresh_token } = await refreshByHand(sandbox.freshbooks, refreshToken);
      return { accessToken: access_token, refreshToken: refresh_token, expiresAt: startAt / 1000 + 43_200 };
    });
    const before = tokens.rotations;
    await other.read(first, never);
    await one.read(first, never);
    expect(tokens.rotations).toBe(before);
  });

  it('needs a person once the refresh token no longer works', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 1 } });
    await refreshByHand(sandbox.freshbooks, sandbox.freshbooks.refreshToken);
    const client = openFreshbooks(sandbox, { tokens: tokensIn(sandbox) });
    const error = await client.read(first, never).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'NeedsConsentError',
      message: expect.stringMatching(/FRESHBOOKS_REFRESH_TOKEN/),
    });
    expect(`${error} ${JSON.stringify(error)}`).not.toContain(sandbox.freshbooks.refreshToken);
    expect(sandbox.log.count({ route: 'tasks.*' })).toBe(0);
  });

  it.each([
    ['a server at fault', { kind: 'status', status: 503 }, { kind: 'server' }],
    [
      'a wrong client secret',
      { kind: 'status', status: 401, body: { error: 'invalid_client' } },
      { kind: 'unauthorized', code: 'invalid_client' },
    ],
    ['a proxy’s page', { kind: 'html', status: 200 }, { kind: 'unreadable' }],
    [
      'an answer without tokens',
      { kind: 'status', status: 200, body: { access_token: 'a' } },
      { kind: 'unreadable' },
    ],
    ['silence', { kind: 'hang' }, { kind: 'timeout' }],
    ['a reset', { kind: 'reset' }, { kind: 'network' }],
  ] as const)(
    'fails for now by %s, without a second try of a token that works once',
    async (_, fault, problem) => {
      const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 1 } });
      sandbox.faults.add({ api: 'freshbooks', route: 'oauth.token', times: 1, fault });
      const client = openFreshbooks(sandbox, { limits: patienceWith(fault) });
      const error = await client.read(first, never).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: 'ApiError', ...problem });
      expect(`${error}`).not.toContain(sandbox.freshbooks.refreshToken);
      expect(sandbox.log.count({ route: 'oauth.token' })).toBe(1);
      expect(await client.read(first, never)).toMatchObject({ answer: { ok: true } });
    },
  );

  it('keeps the successor of a token that was traded in while its request was aborted or its client closed', async () => {
    const sandbox = await sandboxFor({ startAt, freshbooks: { tasks: 1 } });
    const slow = { kind: 'slow', milliseconds: 100, when: 'after' } as const;
    sandbox.faults.add({ api: 'freshbooks', route: 'oauth.token', fault: slow });
    const tokens = tokensIn(sandbox);
    const client = openFreshbooks(sandbox, { tokens });
    const stop = new AbortController();
    const reading = client.read(first, stop.signal);
    await expect.poll(() => sandbox.log.count({ route: 'oauth.token' })).toBe(1);
    stop.abort(new Error('the worker stops'));
    await expect(reading).rejects.toThrow('the worker stops');
    await client.close();
    expect(tokens.rotations).toBe(1);
    expect(await openFreshbooks(sandbox, { tokens }).read(first, never)).toMatchObject({
      answer: { ok: true },
    });
  });
});

async function refreshByHand(
  api: { url: string; clientId: string; clientSecret: string; redirectUri: string },
  refreshToken: string,
): Promise<{ access_token: string; refresh_token: string }> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: api.clientId,
    client_secret: api.clientSecret,
    redirect_uri: api.redirectUri,
  });
  const answer = await fetch(`${api.url}/auth/oauth/token`, { method: 'POST', body });
  return (await answer.json()) as { access_token: string; refresh_token: string };
}
