import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/mirror/database.js';
import { createTestDatabase, type TestDatabase } from '../servers/index.js';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.url, { applicationName: 'taskmirror test' });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

const SECRET = 'correct-horse-battery';
const failing = sql`select 1 / (length(${SECRET}::text) - ${SECRET.length}::int)`;

test.each([
  ['by itself', () => db.rows(failing)],
  ['in a transaction', () => db.transaction((tx) => tx.rows(failing))],
])('a statement that fails %s shows neither its parameters nor its text', async (_, fail) => {
  const error = await fail().catch((error: unknown) => error);
  expect(error).toMatchObject({ code: '22012', message: 'division by zero' });
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/correct-horse|length\(/);
});

test('a program whose connection was lost for good ends by itself, and not before its database is closed', async () => {
  const program = fileURLToPath(new URL('lost-connection.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, database.url]);
  expect(stdout).toBe('closed');
});
