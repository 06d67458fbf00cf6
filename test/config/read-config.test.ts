import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { makeCredentialsKey } from '../../src/config/credentials-key.js';
import { describeConfig } from '../../src/config/describe.js';
import { withEnvFile } from '../../src/config/environment.js';
import { readConfig } from '../../src/config/read-config.js';
import { TaskmirrorError } from '../../src/errors.js';

const KEY = makeCredentialsKey();
const APP = {
  FRESHBOOKS_CLIENT_ID: 'client',
  FRESHBOOKS_CLIENT_SECRET: 'app-secret',
  FRESHBOOKS_REDIRECT_URI: 'https://example.com/callback',
};
const FRESHBOOKS = { FRESHBOOKS_ACCOUNT_ID: 'xZNQ1X', CREDENTIALS_KEY: KEY, ...APP };

const folder = mkdtempSync(join(tmpdir(), 'taskmirror-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('nothing set gives the documented defaults, with both connections off', () => {
  expect(readConfig({})).toEqual({
    production: false,
    databaseUrl: null,
    databaseDirectUrl: null,
    redisUrl: null,
    invoiced: null,
    freshbooks: null,
    freshbooksApp: null,
    credentialsKeys: [],
    pollEvery: 60_000,
    sweepEvery: 21_600_000,
    push: true,
    pushDelay: 1_000,
    conflictPolicy: 'remote',
    deleteLimit: 0.2,
    http: { host: '127.0.0.1', port: 8080, token: null, bullBoard: 'read' },
    reporting: { timeZone: 'UTC', weekStart: 'monday' },
    keep: { runs: 90 * 86_400_000, writes: 365 * 86_400_000, conflicts: 365 * 86_400_000, history: null },
    otlpEndpoint: null,
    logLevel: 'info',
    warnings: [],
  });
});

test('everything set is read', () => {
  const config = readConfig({
    ...FRESHBOOKS,
    DATABASE_URL: 'postgres://u:p@db/mirror',
    DATABASE_DIRECT_URL: 'postgresql://u:p@direct/mirror',
    REDIS_URL: 'rediss://:p@redis:6380/1',
    INVOICED_API_KEY: 'inv',
    INVOICED_BASE_URL: 'http://localhost:4000/',
    FRESHBOOKS_REFRESH_TOKEN: 'refresh',
    FRESHBOOKS_ACCESS_TOKEN: 'access',
    FRESHBOOKS_BASE_URL: 'http://sandbox:4001',
    POLL_EVERY: '2s',
    PUSH: 'OFF',
    PUSH_DELAY: '0',
    CONFLICT_POLICY: 'newest',
    DELETE_LIMIT: '2.5%',
    HTTP_HOST: '0.0.0.0',
    HTTP_PORT: '0',
    HTTP_TOKEN: 'http-token',
    REPORTING_TIME_ZONE: 'America/Toronto',
    REPORTING_WEEK_START: 'sunday',
    KEEP_RUNS: 'forever',
    LOG_LEVEL: 'debug',
    NODE_ENV: 'production',
  });
  expect(config).toMatchObject({
    production: true,
    invoiced: { apiKey: 'inv', baseUrl: 'http://localhost:4000' },
    freshbooks: {
      accountId: 'xZNQ1X',
      app: { clientId: 'client', clientSecret: 'app-secret', redirectUri: 'https://example.com/callback' },
      refreshToken: 'refresh',
      accessToken: 'access',
      baseUrl: 'http://sandbox:4001',
    },
    pollEvery: 2_000,
    push: false,
    pushDelay: 0,
    conflictPolicy: 'newest',
    deleteLimit: 0.025,
    http: { host: '0.0.0.0', port: 0, token: 'http-token' },
    reporting: { timeZone: 'America/Toronto', weekStart: 'sunday' },
    keep: { runs: null },
    logLevel: 'debug',
  });
  expect(config.credentialsKeys).toEqual([Buffer.from(KEY, 'base64')]);
});

test('a password of its own stands in for one that the address lacks, whatever is in it', () => {
  const { databaseUrl, databaseDirectUrl } = readConfig({
    DATABASE_URL: 'postgres://u@db/mirror',
    DATABASE_DIRECT_URL: 'postgres://u:own@direct/mirror',
    DATABASE_PASSWORD: 'a%b/+=:@ é',
  });
  expect(decodeURIComponent(new URL(databaseUrl ?? '').password)).toBe('a%b/+=:@ é');
  expect(databaseDirectUrl).toBe('postgres://u:own@direct/mirror');
});

test('what is empty counts as not set', () => {
  expect(readConfig({ POLL_EVERY: '', INVOICED_API_KEY: ' ', REDIS_URL: '' })).toEqual(readConfig({}));
});

describe('a wrong value is named, with the cure', () => {
  test.each([
    [{ POLL_EVERY: '0s' }, 'POLL_EVERY=0s', 'at least 100ms'],
    [{ POLL_EVERY: 'soon' }, 'POLL_EVERY=soon', '30s'],
    [{ SWEEP_EVERY: '6' }, 'SWEEP_EVERY=6', '6h'],
    [{ DELETE_LIMIT: '120%' }, 'DELETE_LIMIT=120%', '0% to 100%'],
    [{ DELETE_LIMIT: '0.2' }, 'DELETE_LIMIT=0.2', '20%'],
    [{ PUSH: 'yes' }, 'PUSH=yes', 'on or off'],
    [{ CONFLICT_POLICY: 'mine' }, 'CONFLICT_POLICY=mine', 'remote, local or newest'],
    [{ HTTP_PORT: '80800' }, 'HTTP_PORT=80800', '65535'],
    [{ HTTP_HOST: '0.0.0.0' }, 'HTTP_TOKEN', 'set a token'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' },
      'OTEL_EXPORTER_OTLP_ENDPOINT=collector',
      'http://localhost:4318',
    ],
    [{ BULL_BOARD: 'admin' }, 'BULL_BOARD=admin', 'off, read or write'],
    [{ REPORTING_TIME_ZONE: 'Mars' }, 'REPORTING_TIME_ZONE=Mars', 'America/Toronto'],
    [{ REPORTING_TIME_ZONE: '+02:00' }, 'REPORTING_TIME_ZONE=+02:00', 'America/Toronto'],
    [{ REPORTING_WEEK_START: 'mon' }, 'REPORTING_WEEK_START=mon', 'monday'],
    [{ KEEP_RUNS: '0d' }, 'KEEP_RUNS=0d', 'forever'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL=loud', 'debug'],
    [{ INVOICED_BASE_URL: 'http://api.invoiced.com' }, 'INVOICED_BASE_URL=http://api.invoiced.com', 'https'],
    [{ INVOICED_BASE_URL: 'api.invoiced.com' }, 'INVOICED_BASE_URL=api.invoiced.com', 'https'],
    [{ FRESHBOOKS_BASE_URL: 'http://127.1.evil.com' }, 'FRESHBOOKS_BASE_URL', 'https'],
    [{ FRESHBOOKS_BASE_URL: 'https://host/?a=1' }, 'FRESHBOOKS_BASE_URL', '?'],
    [{ NODE_ENV: 'production' }, 'DATABASE_URL is not set', 'PostgreSQL'],
    [{ DATABASE_DIRECT_URL: 'postgres://db/x' }, 'DATABASE_DIRECT_URL', 'DATABASE_URL'],
    [{ DATABASE_PASSWORD: 'p' }, 'DATABASE_PASSWORD', 'without DATABASE_URL'],
    [{ DATABASE_URL: 'postgres:///x?host=/run', DATABASE_PASSWORD: 'p' }, 'DATABASE_PASSWORD', 'host'],
    [{ FRESHBOOKS_ACCOUNT_ID: 'xZNQ1X' }, 'CREDENTIALS_KEY is not set', 'openssl rand -base64 32'],
    [{ FRESHBOOKS_ACCOUNT_ID: 'a/b', CREDENTIALS_KEY: KEY }, 'FRESHBOOKS_ACCOUNT_ID=a/b', 'letters'],
    [{ FRESHBOOKS_CLIENT_ID: 'client' }, 'FRESHBOOKS_CLIENT_SECRET is not set', 'together'],
    [
      { FRESHBOOKS_ACCOUNT_ID: 'a', CREDENTIALS_KEY: KEY, FRESHBOOKS_REFRESH_TOKEN: 't' },
      'FRESHBOOKS_CLIENT_ID is not set',
      'FRESHBOOKS_REFRESH_TOKEN',
    ],
    [{ ...FRESHBOOKS, FRESHBOOKS_REDIRECT_URI: 'here' }, 'FRESHBOOKS_REDIRECT_URI=here', 'OAuth app'],
    [{ INVOICED_API_KEY_FILE: '/nowhere/key' }, 'INVOICED_API_KEY_FILE=/nowhere/key', 'ENOENT'],
    [{ INVOICED_API_KEY: 'a', INVOICED_API_KEY_FILE: '/b' }, 'INVOICED_API_KEY', 'unset one'],
  ])('%j', (env, name, cure) => {
    const message = faultOf(env);
    expect(message).toContain(name);
    expect(message).toContain(cure);
    expect(message).not.toContain('\n');
  });
});

describe('a secret never stands in an error', () => {
  test.each([
    { DATABASE_URL: 'mysql://user:SECRET@db/x' },
    { DATABASE_URL: 'SECRET' },
    { REDIS_URL: 'http://:SECRET@redis' },
    { INVOICED_BASE_URL: 'https://user:SECRET@api.invoiced.com' },
    { CREDENTIALS_KEY: 'SECRET' },
    { CREDENTIALS_KEY: `${KEY},SECRETSECRET` },
    { CREDENTIALS_KEY: `${KEY},` },
  ])('%j', (env) => {
    expect(faultOf(env)).not.toContain('SECRET');
    expect(faultOf(env)).not.toContain(KEY);
  });

  test('nor in what the log shows at start', () => {
    const config = readConfig({
      ...FRESHBOOKS,
      DATABASE_URL: 'postgres://user:SECRET@db/mirror?password=SECRET',
      REDIS_URL: 'redis://:SECRET@redis:6379/0',
      INVOICED_API_KEY: 'SECRET',
      FRESHBOOKS_CLIENT_SECRET: 'SECRET',
      FRESHBOOKS_REFRESH_TOKEN: 'SECRET',
      HTTP_TOKEN: 'SECRET',
    });
    const text = JSON.stringify(describeConfig(config));
    expect(text).not.toContain('SECRET');
    expect(text).not.toContain(KEY);
    expect(text).toContain('postgres://db/mirror');
  });
});

test('a secret is read from the file that is named, without its last line break', () => {
  const path = join(folder, 'key');
  writeFileSync(path, 'from-a-file\n');
  expect(readConfig({ INVOICED_API_KEY_FILE: path }).invoiced?.apiKey).toBe('from-a-file');
  writeFileSync(path, '\n');
  expect(faultOf({ INVOICED_API_KEY_FILE: path })).toContain('empty');
});

test.each([
  'INVOICED_API_KEY',
  'FRESHBOOKS_CLIENT_SECRET',
  'FRESHBOOKS_ACCESS_TOKEN',
  'FRESHBOOKS_REFRESH_TOKEN',
  'HTTP_TOKEN',
  'DATABASE_URL',
  'REDIS_URL',
])('%s that could end a header and begin another is refused, from a file too', (name) => {
  const path = join(folder, 'two-lines');
  for (const secret of ['hush\r\nX-Evil: 1', 'hush\nmore', 'hush\0', 'hush\x1b[2J']) {
    writeFileSync(path, `${secret}\n`);
    for (const env of [{ [name]: secret }, { [`${name}_FILE`]: path }]) {
      const fault = faultOf({ ...FRESHBOOKS, [name]: undefined, ...env });
      expect(fault).toMatch(new RegExp(`^${name} holds a line break`));
      expect(fault).not.toContain('hush');
    }
  }
});

test('an access token that no header can hold is refused', () => {
  for (const token of ['ключ', 'two words'])
    expect(faultOf({ ...FRESHBOOKS, FRESHBOOKS_ACCESS_TOKEN: token })).toMatch(
      /^FRESHBOOKS_ACCESS_TOKEN holds/,
    );
});

test('a setting named like a property of all objects changes none', () => {
  const env = JSON.parse('{"__proto__": {"POLL_EVERY": "1h", "polluted": "yes"}, "constructor": "x"}');
  expect(readConfig(withEnvFile(folder, env)).pollEvery).toBe(60_000);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('plain http is taken for loopback and single labels only', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]', 'sandbox', 'api.localhost']) {
    expect(readConfig({ INVOICED_BASE_URL: `http://${host}:1` })).toBeTruthy();
  }
  for (const host of ['10.0.0.1', '1.1', 'sandbox.example', '[::2]', '128.0.0.1', 'localhost.example']) {
    expect(faultOf({ INVOICED_BASE_URL: `http://${host}:1` })).toContain('use https');
  }
});

test('several keys are read in their order', () => {
  const other = makeCredentialsKey();
  const { credentialsKeys } = readConfig({ CREDENTIALS_KEY: `${KEY}, ${other}` });
  expect(credentialsKeys.map((key) => key.toString('base64'))).toEqual([KEY, other]);
});

test('a mistyped name is warned about, and a stranger is left alone', () => {
  const { warnings } = readConfig({
    FRESHBOOKS_ACOUNT_ID: 'x',
    INVOICED_KEY: 'y',
    POLL_EVRY: '1s',
    PATH: '/bin',
    HTTP_PROXY: 'http://p',
  });
  expect(warnings).toEqual([
    'FRESHBOOKS_ACOUNT_ID is not a setting: did you mean FRESHBOOKS_ACCOUNT_ID?',
    'INVOICED_KEY is not a setting, and nothing reads it.',
    'POLL_EVRY is not a setting: did you mean POLL_EVERY?',
  ]);
});

test('tokens without an account are warned about', () => {
  // The app alone may be meant for connections that are added by a command.
  expect(readConfig(APP).warnings).toEqual([]);
  expect(readConfig({ ...APP, FRESHBOOKS_REFRESH_TOKEN: 't' }).warnings).toEqual([
    'FRESHBOOKS_REFRESH_TOKEN is set, but FRESHBOOKS_ACCOUNT_ID is not: the connection freshbooks stays off.',
  ]);
});

test('whatever is set, the answer is a configuration or one line', () => {
  const names = [
    'POLL_EVERY',
    'DELETE_LIMIT',
    'HTTP_PORT',
    'HTTP_HOST',
    'CREDENTIALS_KEY',
    'DATABASE_URL',
    'REPORTING_TIME_ZONE',
    'INVOICED_BASE_URL',
  ];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.string({ unit: 'binary' }), (name, value) => {
      try {
        readConfig({ [name]: value });
      } catch (error) {
        expect(error).toBeInstanceOf(TaskmirrorError);
        expect(String(error)).toContain(name);
        expect(String(error)).not.toContain('\n');
      }
    }),
  );
});

function faultOf(env: Record<string, string | undefined>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof TaskmirrorError && error.code === 'configuration') return error.message;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(env)}`);
}
