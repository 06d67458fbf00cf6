import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.js';
import { makeFolder } from '../cli/command.js';

const make = (...paths: string[]) =>
  promisify(execFile)(process.execPath, ['dist/docker/secrets.js', ...paths]);

test('secrets that are missing are made, fit for every use, and stay as they are', async () => {
  const folder = makeFolder();
  const [key, token] = [join(folder, 'worker', 'key'), join(folder, 'token')];
  await make(key, token);
  const made = [key, token].map((path) => readFileSync(path, 'utf8'));
  expect(new Set(made).size).toBe(2);
  // The user that runs the database reads its own too.
  expect(statSync(key).mode & 0o777).toBe(0o444);
  const config = readConfig({
    CREDENTIALS_KEY_FILE: key,
    HTTP_TOKEN_FILE: token,
    DATABASE_URL: 'postgres://u@h/d',
    DATABASE_PASSWORD_FILE: token,
  });
  expect(config.credentialsKeys).toHaveLength(1);
  expect(new URL(config.databaseUrl ?? '').password).toBe(config.http?.token);

  const { stdout } = await make(key, token, join(folder, 'more'));
  expect([key, token].map((path) => readFileSync(path, 'utf8'))).toEqual(made);
  expect(stdout).toContain('there already');
  expect(stdout).not.toContain(made[0]?.trim());
  expect(readdirSync(folder).sort()).toEqual(['more', 'token', 'worker']);
});

test('two at once agree on one', async () => {
  const path = join(makeFolder(), 'secret');
  const outputs = await Promise.all([make(path), make(path), make(path)]);
  expect(outputs.filter(({ stdout }) => stdout.includes(': made')).length).toBe(1);
});
