import { expect, test } from 'vitest';
import { active, openWorld } from '../daemon/world.js';
import { until } from '../servers/index.js';
import { begin, run } from './command.js';

test('with neither an account nor a database it says what is missing on one screen, and ends with 2', async () => {
  const { code, output, errors } = await run(['start']);
  expect({ code, output }).toEqual({ code: 2, output: '' });
  for (const name of [
    'npm run demo',
    'INVOICED_API_KEY',
    'FRESHBOOKS_ACCOUNT_ID',
    'DATABASE_URL',
    'CREDENTIALS_KEY',
  ]) {
    expect(errors).toContain(name);
  }
  const lines = errors.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(24);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test('with one account it mirrors that one, and Ctrl-C ends it with 130', async () => {
  const world = await openWorld();
  const { FRESHBOOKS_ACCOUNT_ID: _, ...env } = world.env;
  const command = begin(['start'], { env });
  await until('it is read', async () => (await active(world.sql, 'invoiced')) === 234);
  command.interrupt('SIGINT');
  expect(await command.code).toBe(130);
  expect(await world.sql`select name from sync.connections`).toEqual([{ name: 'invoiced' }]);
});

test('its log says what it was configured with, and no secret', async () => {
  const world = await openWorld();
  const command = begin(['start'], { env: world.env });
  await until('it works', () => command.output().includes('taskmirror works'));
  command.interrupt('SIGTERM');
  expect(await command.code).toBe(0);
  const log = command.output();
  expect(log).toContain('"pollEvery":"300ms"');
  for (const name of [
    'INVOICED_API_KEY',
    'FRESHBOOKS_REFRESH_TOKEN',
    'FRESHBOOKS_CLIENT_SECRET',
    'CREDENTIALS_KEY',
  ]) {
    expect(log).not.toContain(world.env[name]);
  }
});
