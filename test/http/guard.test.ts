import { request } from 'node:http';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.js';
import { serveWith } from './alone.js';
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

test.each([
  ['an image of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
  [
    'a frame of another site',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    403,
  ],
  ['what a page of another port reads', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 403],
  [
    'a link that somebody followed',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    404,
  ],
  ['an address that somebody typed', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, 404],
])('%s is answered rightly', async (_, headers, status) => {
  expect(await statusFor(await serveWith({}), headers)).toBe(status);
});

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
