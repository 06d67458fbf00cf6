import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/mirror/database.js';
import { createSealer } from '../../../src/mirror/sealing.js';
import { systemRuntime } from '../../../src/runtime.js';
import { ApiError } from '../../../src/sources/http/errors.js';
import { openSource } from '../../../src/sources/index.js';
import type { SourceClient } from '../../../src/sources/source.js';
import { never, openFreshbooks, openInvoiced, pagesOf, sandboxFor, tokensIn } from '../sandbox.js';
import { json, serve } from '../server.js';
import { CERTIFICATE, KEY } from './certificate.js';

const columns = {
  name: 'New',
  action: 'phone',
  due_date: 1_800_000_000,
  rate_amount: '5.00',
  rate_code: 'USD',
  vis_state: 0,
};

/** Each kind of request that a client makes, one after the other; gives what each failed with. */
async function everything({ walk, read, writer }: SourceClient): Promise<readonly unknown[]> {
  const calls = [writer.create(columns, 'key-123456'), writer.next(5, columns, ['name'])];
  const work: (() => Promise<unknown>)[] = [
    () => pagesOf(walk(null, never)),
    () => read(5, never),
    ...calls.map((call) => () => (call ? writer.send(call, never) : Promise.reject(new Error('no call')))),
  ];
  const failures: unknown[] = [];
  for (const each of work) {
    await each().then(
      () => failures.push('no failure'),
      (error: unknown) => failures.push(error),
    );
  }
  return failures;
}

test.each([301, 302, 303, 307, 308])(
  'a redirect by %i to another host takes nothing along',
  async (status) => {
    const elsewhere = await serve((_, response) => json(response, 200, []));
    const sandbox = await sandboxFor({ invoiced: { tasks: 3 }, freshbooks: { tasks: 3 } });
    const fault = { kind: 'redirect', status, location: `${elsewhere.url}/accounting` } as const;
    sandbox.faults.add({ api: '*', route: '*', fault });
    const clients = [
      openInvoiced(sandbox),
      openFreshbooks(sandbox),
      // With a token the requests for tasks are redirected, without one the request for tokens is.
      openFreshbooks(sandbox, { tokens: tokensIn(sandbox, { accessToken: 'a-token' }) }),
    ];
    for (const client of clients) {
      for (const failure of await everything(client)) expect(failure).toBeInstanceOf(ApiError);
    }
    expect(sandbox.log.entries({}).length).toBeGreaterThan(8);
    expect(elsewhere.requests).toEqual([]);
  },
);

test('a key or token that the API repeats in its refusal is hidden wherever the error goes', async () => {
  const sandbox = await sandboxFor({ invoiced: { tasks: 3 }, freshbooks: { tasks: 3 } });
  const { apiKey } = sandbox.invoiced;
  const { clientSecret, refreshToken } = sandbox.freshbooks;
  const basic = Buffer.from(`${apiKey}:`).toString('base64');
  sandbox.faults.add({
    api: 'invoiced',
    route: '*',
    fault: { kind: 'status', status: 401, body: { type: apiKey, message: `No key ${apiKey}, or ${basic}` } },
  });
  const words = `${refreshToken} of ${clientSecret} is a-token-of-ours`;
  sandbox.faults.add({
    api: 'freshbooks',
    route: '*',
    fault: { kind: 'status', status: 403, body: { error: 'denied', error_description: words } },
  });
  const tokens = tokensIn(sandbox, { accessToken: 'a-token-of-ours' });
  const failures = [
    ...(await everything(openInvoiced(sandbox))),
    ...(await everything(openFreshbooks(sandbox))),
    ...(await everything(openFreshbooks(sandbox, { tokens }))),
  ];
  const secrets = [apiKey, basic];
  for (const failure of failures) {
    expect(failure).toBeInstanceOf(ApiError);
    const shown = inspect(failure, { depth: 9, showHidden: true });
    expect(shown).toContain('[hidden]');
    for (const secret of secrets) expect(shown).not.toContain(secret);
  }
  // Each request hides its own: the one for tokens the app's secret and the refresh token, the others the access token.
  const shown = failures.slice(4).map((failure) => inspect(failure, { depth: 9, showHidden: true }));
  for (const each of shown.slice(0, 4)) {
    expect(each).not.toContain(clientSecret);
    expect(each).not.toContain(refreshToken);
  }
  for (const each of shown.slice(4)) expect(each).not.toContain('a-token-of-ours');
});

test.each(['a\r\nX-Evil: 1', 'a\nb', 'a b', 'ключ', ''])(
  'an access token of %j is none, and is never kept or sent',
  async (token) => {
    const sandbox = await sandboxFor({ freshbooks: { tasks: 3 } });
    const before = tokensIn(sandbox);
    const body = { access_token: token, refresh_token: 'next', expires_in: 60, created_at: 1 };
    sandbox.faults.add({
      api: 'freshbooks',
      route: 'oauth.token',
      fault: { kind: 'status', status: 200, body },
    });
    for (const failure of await everything(openFreshbooks(sandbox, { tokens: before }))) {
      expect(failure).toMatchObject({ message: expect.stringContaining('the answer holds no tokens') });
    }
    expect(before.tokens.accessToken).toBeNull();
    expect(sandbox.log.entries({ route: 'tasks.*' })).toEqual([]);
  },
);

test('a server that nobody vouches for is told nothing, and one that is vouched for is asked', async () => {
  const heard: string[] = [];
  const server = createServer({ key: KEY, cert: CERTIFICATE }, (request, response) => {
    heard.push(`${request.url} ${request.headers.authorization}`);
    response.end('[]');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'taskmirror-tls-'));
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const authority = join(folder, 'authority.pem');
  writeFileSync(authority, CERTIFICATE);
  const { port } = server.address() as AddressInfo;
  const [named, other] = ['localhost', 'taskmirror.localhost'].map((host) => `https://${host}:${port}`);

  const client = openSource(
    { source: 'invoiced', baseUrl: named ?? '', apiKey: 'the-key' },
    { runtime: systemRuntime, observe: async () => 1, share: 'walk', limits: { attempts: 1 } },
  );
  onTestFinished(() => client.close());
  await expect(pagesOf(client.walk(null, never))).rejects.toThrow(/network \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
  expect(heard).toEqual([]);

  const [strange, good] = await askVouchedFor([other ?? '', named ?? ''], authority);
  // Vouched for, but by another name.
  expect(strange).toMatch(/network \((ERR_TLS_CERT_ALTNAME_INVALID|ENOTFOUND)\)/);
  expect(good).toBe('answered');
  expect(heard).toHaveLength(1);
});

/** Asks each for a page, in a process of its own: Node reads further authorities at its start alone. */
async function askVouchedFor(baseUrls: readonly string[], authority: string): Promise<readonly string[]> {
  const at = (path: string) => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);
  const script = `
    import { openInvoiced } from ${at('sources/invoiced/client.ts')};
    import { systemRuntime } from ${at('runtime.ts')};
    for (const baseUrl of ${JSON.stringify(baseUrls)}) {
      const client = openInvoiced({ source: 'invoiced', baseUrl, apiKey: 'the-key' },
        { runtime: systemRuntime, observe: async () => 1, share: 'walk', limits: { attempts: 1 } });
      try {
        for await (const page of client.walk(null, new AbortController().signal)) console.log('answered');
      } catch (error) {
        console.log(error.message);
      }
      await client.close();
    }`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: authority },
  });
  return (await text(child.stdout)).trim().split('\n');
}

test('no object that the worker hands about shows a secret', async () => {
  const sandbox = await sandboxFor({ invoiced: { tasks: 3 }, freshbooks: { tasks: 3 } });
  const db = openDatabase('postgres://user:SECRET-PASSWORD@127.0.0.1:9/x', {
    applicationName: 'taskmirror test',
  });
  onTestFinished(() => db.close());
  const { apiKey } = sandbox.invoiced;
  const { clientSecret, refreshToken } = sandbox.freshbooks;
  const sealer = createSealer([new TextEncoder().encode('SECRET-KEY-OF-32-BYTES-LIES-HERE')]);
  const clients = [openInvoiced(sandbox), openFreshbooks(sandbox)];
  for (const client of clients) await pagesOf(client.walk(null, never));
  const shown = inspect([db, sealer, clients.map(({ events: _, ...client }) => client)], {
    depth: 20,
    showHidden: true,
  });
  for (const secret of ['SECRET', apiKey, clientSecret, refreshToken]) expect(shown).not.toContain(secret);
});
