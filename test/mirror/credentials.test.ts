import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { declareConnections } from '../../src/mirror/connections.js';
import { adoptConsent } from '../../src/mirror/credentials.js';
import { type Database, openDatabase } from '../../src/mirror/database.js';
import { createSealer, type Sealer } from '../../src/mirror/sealing.js';
import { systemRuntime } from '../../src/runtime.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.js';
import { refreshTokens } from '../../src/sources/freshbooks/oauth.js';
import { readError } from '../../src/sources/freshbooks/read-error.js';
import { NeedsConsentError } from '../../src/sources/http/errors.js';
import { type Http, openHttp } from '../../src/sources/http/http.js';
import type { FreshbooksAccount } from '../../src/sources/index.js';
import type { Tokens } from '../../src/sources/tokens.js';
import { createTokenStore, packTokens } from '../../src/sync/tokens.js';
import { createTestDatabase, type TestDatabase, until } from '../servers/index.js';

const key = randomBytes(32);
const sealer = createSealer([key]);

let database: TestDatabase;
let db: Database;
let sql: postgres.Sql;
let sandbox: Sandbox;
let http: Http;
let account: FreshbooksAccount;

beforeEach(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.url, { applicationName: 'taskmirror test' });
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const second = { name: 'second', source: 'freshbooks', pollEvery: 1000, sweepEvery: 1000 };
  await declareConnections(db, [{ ...second, name: 'freshbooks' }, second]);
  sandbox = await startSandbox({ freshbooks: { tasks: 3 } });
  const { url: baseUrl, accountId, clientId, clientSecret, redirectUri } = sandbox.freshbooks;
  account = { source: 'freshbooks', baseUrl, accountId, clientId, clientSecret, redirectUri };
  http = openHttp(
    { name: 'freshbooks', baseUrl, inFlight: { poll: 1, walk: 1, push: 1, once: 1 }, readError },
    { runtime: systemRuntime, observe: async () => 0, share: 'once' },
  );
});

afterEach(async () => {
  await http.close();
  await sandbox.close();
  await Promise.all([db.close(), sql.end()]);
  await database.drop();
});

/** What a person brings: a refresh token, and nothing known of it. */
function consent(token = sandbox.freshbooks.refreshToken, connection = 'freshbooks', seal = sealer) {
  const secret = packTokens({ accessToken: null, refreshToken: token, expiresAt: 0 });
  const { clientId } = sandbox.freshbooks;
  return adoptConsent(db, seal, connection, {
    credentialId: 'user',
    source: 'freshbooks',
    clientId,
    token,
    secret,
  });
}

const store = (seal: Sealer = sealer) => createTokenStore(db, seal, 'user');
const refresh = (current: Tokens) => refreshTokens(http, account, systemRuntime, current);
const asked = () => sandbox.log.count({ route: 'oauth.token' });

async function rotate(seal: Sealer = sealer): Promise<Tokens> {
  const tokens = store(seal);
  return tokens.rotate(await tokens.read(), refresh);
}

test('a consent is stored so that only the key tells what it is, and serves both connections of its user', async () => {
  expect(await consent()).toBe(true);
  expect(await consent(sandbox.freshbooks.refreshToken, 'second')).toBe(false);
  expect((await store().read()).refreshToken).toBe(sandbox.freshbooks.refreshToken);
  expect(JSON.stringify(await sql`select * from sync.credentials`)).not.toContain(
    sandbox.freshbooks.refreshToken,
  );
  const linked = await sql`select credential_id from sync.connections`;
  expect(linked.map(({ credential_id }) => credential_id)).toEqual(['user', 'user']);
});

test('a consent that many processes bring at once is adopted by one', async () => {
  const adopted = await Promise.all(Array.from({ length: 6 }, () => consent()));
  expect(adopted.filter(Boolean)).toHaveLength(1);
});

test('a consent that was adopted is left alone at the next start: its successor is what works', async () => {
  await consent();
  const rotated = await rotate();
  expect(await consent()).toBe(false);
  expect(await store().read()).toEqual(rotated);
});

test('a new consent takes the place of the old, which does not come back', async () => {
  const former = sandbox.freshbooks.refreshToken;
  await consent();
  const fresh = sandbox.freshbooks.oauth.grant().refresh_token;
  await expect(rotate()).rejects.toThrow(NeedsConsentError);
  expect(await consent(fresh)).toBe(true);
  expect((await rotate()).accessToken).not.toBeNull();
  expect(await consent(former)).toBe(false);
  expect((await rotate()).accessToken).not.toBeNull();
});

test('tokens come back just as they were stored', async () => {
  await consent();
  const tokens = { accessToken: 'a', refreshToken: 'b', expiresAt: 1_800_043_200, issuedAt: 1_800_000_000 };
  expect(await store().rotate(await store().read(), async () => tokens)).toEqual(tokens);
  expect(await store().read()).toEqual(tokens);
});

test('a change of key reads what the old one wrote, and a rotation writes with the new one', async () => {
  const next = randomBytes(32);
  await consent();
  const rotated = await rotate(createSealer([next, key]));
  expect(await store(createSealer([next])).read()).toEqual(rotated);
  await expect(store().read()).rejects.toMatchObject({ code: 'configuration' });
});

test('under a wrong key nothing is asked of the API, and nothing stored is touched', async () => {
  await consent();
  const before = await sql`select * from sync.credentials`;
  const wrong = createSealer([randomBytes(32)]);
  const seen = await store().read();
  const failure = {
    code: 'configuration',
    message: expect.stringContaining('CREDENTIALS_KEY does not open'),
  };
  await expect(store(wrong).read()).rejects.toMatchObject(failure);
  await expect(store(wrong).rotate(seen, refresh)).rejects.toMatchObject(failure);
  expect(asked()).toBe(0);
  expect(await sql`select * from sync.credentials`).toEqual(before);
});

test('who saw tokens that were rotated meanwhile gets the newer ones, and burns nothing', async () => {
  await consent();
  const seen = await store().read();
  const rotated = await store().rotate(seen, refresh);
  expect(await store().rotate(seen, refresh)).toEqual(rotated);
  expect(asked()).toBe(1);
});

test('a token that no longer works is told to everybody, and asked for once', async () => {
  await consent();
  const seen = await store().read();
  sandbox.freshbooks.oauth.revoke();
  await expect(store().rotate(seen, refresh)).rejects.toThrow(NeedsConsentError);
  const [row] = await sql`select problem from sync.credentials`;
  expect(row?.['problem']).toMatch(/consent again/);
  await expect(store().read()).rejects.toThrow(/consent again/);
  await expect(store().rotate(seen, refresh)).rejects.toThrow(/consent again/);
  expect(asked()).toBe(1);
});

test('a fault that may heal leaves the tokens as they were', async () => {
  await consent();
  sandbox.faults.add({
    api: 'freshbooks',
    route: 'oauth.token',
    times: 1,
    fault: { kind: 'status', status: 503 },
  });
  await expect(rotate()).rejects.toMatchObject({ name: 'ApiError', status: 503 });
  expect((await store().read()).refreshToken).toBe(sandbox.freshbooks.refreshToken);
  expect((await rotate()).accessToken).not.toBeNull();
});

test('without any consent a person is asked for one', async () => {
  await expect(store().read()).rejects.toThrow(NeedsConsentError);
});

test('processes that all find their token expired trade it in once, and all read on with the successor', async () => {
  await consent();
  // Held until all of them stand in line for the row, each with the old tokens in hand.
  const gate = postgres(database.url, { max: 1 });
  await gate.unsafe('begin');
  await gate`select from sync.credentials for update`;
  const processes = Array.from({ length: 4 }, () => readTasksElsewhere());
  await until(
    'all processes wait for the credential',
    async () => {
      const [row] = await sql`
        select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and application_name = 'taskmirror other'`;
      return row?.['n'] === 4;
    },
    60_000,
  ).finally(() => gate.end());
  expect(await Promise.all(processes)).toEqual(Array(4).fill('3 tasks'));
  expect(asked()).toBe(1);
}, 90_000);

/** A worker's client in a process of its own; what it printed. */
function readTasksElsewhere(): Promise<string> {
  const from = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
  const script = `
    import { openDatabase } from ${from('mirror/database.ts')};
    import { createSealer } from ${from('mirror/sealing.ts')};
    import { createTokenStore } from ${from('sync/tokens.ts')};
    import { openSource } from ${from('sources/index.ts')};
    import { systemRuntime as runtime } from ${from('runtime.ts')};
    const { url, key, account } = ${JSON.stringify({ url: database.url, key: key.toString('base64'), account })};
    const db = openDatabase(url, { applicationName: 'taskmirror other' });
    const tokens = createTokenStore(db, createSealer([Buffer.from(key, 'base64')]), 'user');
    const client = openSource(account, { runtime, tokens, share: 'walk', observe: async () => 0 });
    let tasks = 0;
    for await (const page of client.changes(0, new AbortController().signal)) tasks += page.tasks.length;
    await client.close();
    await db.close();
    process.stdout.write(tasks + ' tasks');
  `;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 80_000 });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  return new Promise((resolve) => child.once('close', () => resolve(said)));
}

test('tokens that were given for one address are shown to no other, and work again where they belong', async () => {
  const secret = packTokens(
    { accessToken: 'a', refreshToken: 'b', expiresAt: 0 },
    'https://api.freshbooks.com',
  );
  const consent = { credentialId: 'elsewhere', source: 'freshbooks', clientId: 'app', token: 'b', secret };
  await adoptConsent(db, sealer, 'freshbooks', consent);
  const at = (baseUrl: string) => createTokenStore(db, sealer, 'elsewhere', baseUrl);
  await expect(at('https://api.freshbook.com').read()).rejects.toThrow(/put FRESHBOOKS_BASE_URL back/);
  expect(await at('https://api.freshbooks.com').read()).toEqual({
    accessToken: 'a',
    refreshToken: 'b',
    expiresAt: 0,
  });
});
