import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withEnvFile } from '../../src/config/environment.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskmirror-env-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a folder without .env changes nothing', () => {
  expect(withEnvFile(folder, { A: '1' })).toEqual({ A: '1' });
});

test('.env completes the environment, and what is really set wins, empty too', () => {
  writeFileSync(join(folder, '.env'), '# comment\nA=file\nB="in quotes"\nC=file\n');
  expect(withEnvFile(folder, { A: 'real', C: '' })).toEqual({ A: 'real', B: 'in quotes', C: '' });
});

test('a secret that is really set, as value or as file, overrules both ways in .env', () => {
  writeFileSync(join(folder, '.env'), 'HTTP_TOKEN=file\nREDIS_URL_FILE=/from/env/file\n');
  const env = withEnvFile(folder, { HTTP_TOKEN_FILE: '/real', REDIS_URL: 'redis://real' });
  expect(env).toEqual({ HTTP_TOKEN_FILE: '/real', REDIS_URL: 'redis://real' });
});

test('a .env that cannot be read is named', () => {
  mkdirSync(join(folder, '.env'));
  expect(() => withEnvFile(folder, {})).toThrow(/^\.env can't be read \(EISDIR\)/);
});
