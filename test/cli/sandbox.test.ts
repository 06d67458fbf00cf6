import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { makeCredentialsKey } from '../../src/config/credentials-key.js';
import { readConfig } from '../../src/config/read-config.js';
import { freePort, until } from '../servers/index.js';
import { begin, run } from './command.js';

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
