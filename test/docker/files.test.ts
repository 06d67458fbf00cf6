import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { makeCredentialsKey } from '../../src/config/credentials-key.js';
import { readConfig } from '../../src/config/read-config.js';
import { freshbooksDefaults } from '../../src/sandbox/freshbooks/options.js';
import { invoicedDefaults } from '../../src/sandbox/invoiced/options.js';
import { settingsRead } from '../config/settings-read.js';

const compose = readFileSync('docker-compose.yml', 'utf8');
const dockerfile = readFileSync('Dockerfile', 'utf8');

test('the worker is given every setting, its own or from .env', () => {
  const given = new Set(Object.keys(environmentOf('worker')));
  const needless = new Set(['DATABASE_DIRECT_URL', 'DATABASE_PASSWORD']);
  for (const { name, secret } of settingsRead()) {
    if (needless.has(name)) continue;
    expect(given).toContain(name);
    if (secret && !['DATABASE_URL', 'REDIS_URL'].includes(name)) expect(given).toContain(`${name}_FILE`);
  }
});

test('.env.example names every setting, and every variable of docker-compose.yml', () => {
  const named = new Set(
    Object.keys(parseEnv(readFileSync('.env.example', 'utf8').replace(/^#(?=[A-Z_]+=)/gm, ''))),
  );
  const wanted = [
    ...settingsRead().map(({ name }) => name),
    ...[...compose.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name.replace(/_FILE$/, '')),
  ];
  for (const name of wanted) expect(named).toContain(name);
});

test('the demo finds the sandbox, and its key is one', () => {
  const environment = environmentOf('demo');
  const { invoiced, freshbooks, credentialsKeys } = readConfig(environment);
  expect(invoiced?.apiKey).toBe(invoicedDefaults.apiKey);
  const { accountId, clientId, clientSecret, redirectUri, refreshToken } = freshbooksDefaults;
  expect(freshbooks).toMatchObject({
    accountId,
    app: { clientId, clientSecret, redirectUri },
    refreshToken,
  });
  expect(credentialsKeys).toHaveLength(1);
  expect(environment['CREDENTIALS_KEY']).toHaveLength(makeCredentialsKey().length);
});

test('every port is published on this machine alone', () => {
  const published = [...compose.matchAll(/ports: \[(.*)\]/g)].map(([, port]) => port);
  expect(published.length).toBeGreaterThan(2);
  for (const port of published) expect(port).toMatch(/^'127\.0\.0\.1:/);
});

test('the image says the version that it holds', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(dockerfile).toContain(`ARG VERSION=${version}\n`);
});

/** What stands under `environment:` of a service, as it is written. */
function environmentOf(service: string): Record<string, string> {
  const [, block = ''] = new RegExp(`\\n  ${service}:\\n((?: {4}.*\\n|\\n)+)`).exec(compose) ?? [];
  const [, lines = ''] = /\n {4}environment:\n((?: {6}\w+: .*\n)+)/.exec(block) ?? [];
  return Object.fromEntries(
    [...lines.matchAll(/^ {6}(\w+): (.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}
