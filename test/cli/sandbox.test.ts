import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { makeCredentialsKey } from '../../src/config/credentials-key.js';
import { readConfig } from '../../src/config/read-config.js';
import { freePort, until } from '../servers/index.js';
import { begin, makeFolder, run } from './command.js';

test('the sandbox prints what .env needs to use it, serves both APIs, and Ctrl-C ends it with 130', async () => {
  const port = await freePort();
  const command = begin(['sandbox', '--invoiced-port', String(port), '--tasks', '7']);
  await until('it is up', () => command.output().includes('REFRESH_TOKEN'));

  const config = readConfig({ ...parseEnv(command.output()), CREDENTIALS_KEY: makeCredentialsKey() });
  expect(config.invoiced?.baseUrl).toBe(`http://127.0.0.1:${port}`);
  expect(config.freshbooks).toMatchObject({
    accountId: expect.any(String),
    refreshToken: expect.any(String),
  });
  const answer = await fetch(`${config.invoiced?.baseUrl}/tasks`, {
    headers: { authorization: `Basic ${btoa(`${config.invoiced?.apiKey}:`)}` },
  });
  expect(answer.headers.get('x-total-count')).toBe('7');
  await answer.body?.cancel();

  command.interrupt('SIGINT');
  expect(await command.code).toBe(130);
  await expect(fetch(`http://127.0.0.1:${port}/tasks`)).rejects.toThrow();
});

test('SIGTERM ends it with 0', async () => {
  const command = begin(['sandbox', '--tasks', '0']);
  await until('it is up', () => command.output().includes('REFRESH_TOKEN'));
  command.interrupt('SIGTERM');
  expect(await command.code).toBe(0);
});

test('a port that is taken is named', async () => {
  const port = String(await freePort());
  const command = begin(['sandbox', '--freshbooks-port', port, '--tasks', '0']);
  await until('it is up', () => command.output().includes('REFRESH_TOKEN'));
  const { code, errors } = await run(['sandbox', '--freshbooks-port', port, '--tasks', '0']);
  expect(code).toBe(2);
  expect(errors).toMatch(new RegExp(`^taskmirror: .*${port}.*\\n$`));
  command.interrupt('SIGTERM');
  await command.code;
});

test('with --state it goes on at the next start, with the same tokens, and people go on working', async () => {
  const state = join(makeFolder(), 'state.json');
  const args = ['sandbox', '--tasks', '20', '--state', state, '--people', '20ms'];
  const first = begin(args);
  await until('people work', () => first.errors().split('\n').length > 5);
  first.interrupt('SIGTERM');
  expect(await first.code).toBe(0);
  const tasks = () => JSON.parse(readFileSync(state, 'utf8')).invoiced;
  const left = tasks();

  const second = begin(args.slice(0, -2));
  await until('it is up', () => second.output().includes('REFRESH_TOKEN'));
  const [before, after] = [parseEnv(first.output()), parseEnv(second.output())];
  expect(after['FRESHBOOKS_REFRESH_TOKEN']).toBe(before['FRESHBOOKS_REFRESH_TOKEN']);
  const token = await fetch(`${after['FRESHBOOKS_BASE_URL']}/auth/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: after['FRESHBOOKS_CLIENT_ID'] ?? '',
      client_secret: after['FRESHBOOKS_CLIENT_SECRET'] ?? '',
      redirect_uri: after['FRESHBOOKS_REDIRECT_URI'] ?? '',
      refresh_token: before['FRESHBOOKS_REFRESH_TOKEN'] ?? '',
    }),
  });
  expect(token.status).toBe(200);
  second.interrupt('SIGTERM');
  await second.code;
  expect(tasks()).toEqual(left);
});

test('--host opens both APIs to the network, and the switches to this machine only', async () => {
  const command = begin(['sandbox', '--host', '0.0.0.0', '--tasks', '0']);
  await until('it is up', () => command.output().includes('Faults and switches'));
  const { INVOICED_BASE_URL: api = '' } = parseEnv(command.output());
  const control = /Faults and switches: (\S+)/.exec(command.output())?.[1] ?? '';
  const elsewhere = (url: string) => url.replace('127.0.0.1', '127.0.0.2');
  expect((await fetch(elsewhere(api))).status).toBe(401);
  expect((await fetch(control)).status).toBe(200);
  await expect(fetch(elsewhere(control))).rejects.toThrow();
  command.interrupt('SIGTERM');
  await command.code;
});
