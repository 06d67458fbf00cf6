import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { createTestDatabase, redisUrl, unique, until } from './index.js';

test('each test database is its own, and its owner is no superuser', async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase({ empty: true })]);
  const sql = postgres(one.url, { max: 1 });
  const [row] = await sql`
    select current_database() as name, rolsuper as superuser from pg_roles where rolname = current_user`;
  await sql.end();
  expect(one.url).toContain(row?.['name']);
  expect(two.url).not.toContain(row?.['name']);
  expect(row?.['superuser']).toBe(false);
  await Promise.all([one.drop(), two.drop()]);
});

test('dropping a database whose connections are still open fails and names them', async () => {
  const database = await createTestDatabase({ empty: true });
  const sql = postgres(database.url, { max: 1, connection: { application_name: 'leaky' } });
  await sql`select 1`;
  await expect(database.drop(100)).rejects.toMatchObject({
    cause: { message: expect.stringContaining('leaky') },
  });
  await sql.end().catch(() => {});
});

test('Redis answers and keeps what it is told', async () => {
  const redis = new Redis(redisUrl());
  const key = unique('test');
  await redis.set(key, 'kept');
  expect(await redis.get(key)).toBe('kept');
  await redis.del(key);
  await redis.quit();
});

test('a guarded server and its folder are gone after its starter was killed', async () => {
  const starter = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', STARTER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  starter.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const { folder } = await until('the server runs', () => {
    const end = said.indexOf('\n');
    return end > 0 && (JSON.parse(said.slice(0, end)) as { folder: string });
  });
  const pid = Number(
    await until('its pid is known', () => existsSync(`${folder}/pid`) && readFileSync(`${folder}/pid`)),
  );
  starter.kill('SIGKILL');
  await until('the server is gone', () => !isRunning(pid));
  await until('its folder is gone', () => !existsSync(folder));
});

const STARTER = `
  import { makePlace, startGuarded } from ${JSON.stringify(new URL('./guarded.ts', import.meta.url).href)};
  const place = makePlace('guarded');
  startGuarded(place, 'TERM', ['/bin/sh', '-c', 'echo $$ > pid; exec sleep 1000']);
  console.log(JSON.stringify({ folder: place.folder }));
`;

function isRunning(pid: number): boolean {
  try {
    execFileSync('ps', ['-p', String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
