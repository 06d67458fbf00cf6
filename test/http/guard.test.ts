import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.js';
import { createMetrics } from '../../src/http/metrics/metrics.js';
import { serve } from '../../src/http/server.js';
import { openDatabase } from '../../src/mirror/database.js';
import { systemRuntime } from '../../src/runtime.js';
import { silent } from '../jobs/harness.js';
import { freePort } from '../servers/index.js';
import { ask } from './daemon.js';

const TOKEN = 'a-long-token:with-a-colon';
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

test('without a token the server does not listen beyond loopback', () => {
  expect(() => readConfig({ HTTP_HOST: '0.0.0.0' })).toThrow(
    /HTTP_TOKEN is not set, but HTTP_HOST=0\.0\.0\.0/,
  );
});

test('with a token every route but /healthz and /readyz asks for it', async () => {
  const url = await serveWith({ HTTP_HOST: '0.0.0.0', HTTP_TOKEN: TOKEN });
  expect((await ask(`${url}/healthz`)).status).toBe(200);
  expect((await ask(`${url}/readyz`)).status).toBe(503);
  for (const path of ['/', '/nowhere', '/healthz/', '/HEALTHZ', '//healthz', '/metrics', '/queues']) {
    const { status, headers, text } = await ask(url + path);
    expect({ path, status }).toEqual({ path, status: 401 });
    expect(headers.get('www-authenticate')).toMatch(/^Basic /);
    expect(text).toContain('HTTP_TOKEN');
    expect(text).not.toContain(TOKEN);
  }
});

test.each([
  ['a bearer', `Bearer ${TOKEN}`, 404],
  ['a bearer in lower case', `bearer ${TOKEN}`, 404],
  ['the password of any user', basic(`anyone:${TOKEN}`), 404],
  ['the password of no user', basic(`:${TOKEN}`), 404],
  ['another bearer', 'Bearer another', 401],
  ['a part of it', `Bearer ${TOKEN.slice(0, -1)}`, 401],
  ['it as the user', basic(`${TOKEN}:`), 401],
  ['another scheme', `Digest ${TOKEN}`, 401],
  ['nothing', '', 401],
])('%s is answered rightly', async (_, authorization, status) => {
  const url = await serveWith({ HTTP_TOKEN: TOKEN });
  expect((await ask(`${url}/nowhere`, { headers: { authorization } })).status).toBe(status);
});

test('without a token it answers to the names of this machine alone', async () => {
  const url = await serveWith({});
  const { port } = new URL(url);
  for (const host of [
    'localhost',
    '127.0.0.1',
    '127.0.0.2',
    'status.localhost',
    '[::1]',
    `localhost:${port}`,
  ])
    expect({ host, status: await statusFor(url, { host }) }).toEqual({ host, status: 404 });
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '10.0.0.1'])
    expect({ host, status: await statusFor(url, { host }) }).toEqual({ host, status: 421 });
});

test.each([
  ['a page of another origin', { origin: 'https://evil.example' }, 403],
  ['a page of another port', { origin: 'http://127.0.0.1:1' }, 403],
  ['a page without an origin', { origin: 'null' }, 403],
  ['what a browser calls another site', { 'sec-fetch-site': 'cross-site' }, 403],
  ['a page of our own', { 'sec-fetch-site': 'same-origin', origin: 'SELF' }, 404],
  ['a page of our own in an old browser', { origin: 'SELF' }, 404],
  ['a program', {}, 404],
])('%s that would change something is answered rightly', async (_, headers, status) => {
  const url = await serveWith({});
  const sent = Object.fromEntries(
    Object.entries(headers).map(([key, value]) => [key, value.replace('SELF', url)]),
  );
  expect(await statusFor(url, sent, 'POST')).toBe(status);
});

/** A server of this process, without a daemon behind it. */
async function serveWith(env: Readonly<Record<string, string>>): Promise<string> {
  const { http } = readConfig({ HTTP_PORT: '0', ...env });
  if (http === null) throw new Error('It is off.');
  const db = openDatabase(`postgres://nobody@127.0.0.1:${await freePort()}/none`, {
    applicationName: 'taskmirror test',
  });
  const daemon = { queues: null, workers: null, stopping: false };
  const server = await serve(http, {
    runtime: systemRuntime,
    log: silent,
    db,
    sealer: null,
    metrics: createMetrics(),
    daemon,
  });
  onTestFinished(async () => {
    await server.close();
    await db.close();
  });
  return server.url.replace('0.0.0.0', '127.0.0.1');
}

/** `fetch` sets some headers itself. */
function statusFor(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/nowhere`, { method, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });
}
