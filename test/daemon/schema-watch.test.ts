import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { watchSchema } from '../../src/daemon/schema-watch.js';
import { openDatabase } from '../../src/mirror/database.js';
import { systemRuntime } from '../../src/runtime.js';
import type { Perform, Work } from '../../src/sync/work.js';
import { createTestDatabase } from '../servers/index.js';

test('a job that comes after a newer program has migrated is left to that program, before any look of our own', async () => {
  const database = await createTestDatabase();
  const db = openDatabase(database.url, { applicationName: 'taskmirror test' });
  const over = new AbortController();
  const said: unknown[] = [];
  const told: string[] = [];
  const watch = watchSchema(
    // Nothing but jobs has it look.
    {
      db,
      runtime: { ...systemRuntime, sleep: untilAborted },
      log: pino({}, { write: (line) => said.push(line) }),
    },
    (newer) => told.push(newer.message),
    over.signal,
  );
  onTestFinished(async () => {
    over.abort();
    await watch.ended;
    await db.close();
    await database.drop();
  });
  const done: Work[] = [];
  const perform: Perform = async (work) => {
    done.push(work);
    return { state: 'skipped', reason: 'it was begun' };
  };
  const guarded = watch.guard(perform);
  const begin = () => guarded({ kind: 'push', connection: 'invoiced' }, over.signal, () => {});
  expect(await begin()).toMatchObject({ state: 'skipped' });
  await db.rows(
    sql`insert into sync.migrations (hash, created_at, program) values ('x', 9999999999999, '9.8.7')`,
  );
  expect(await begin()).toEqual({ state: 'elsewhere' });
  expect(await begin()).toEqual({ state: 'elsewhere' });
  expect(done).toHaveLength(1);
  expect(told).toEqual([expect.stringContaining('9.8.7')]);
  expect(said).toHaveLength(1);
});

const untilAborted = (_ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
