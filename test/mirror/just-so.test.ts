import { type SQL, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Column, JsonObject } from '../../src/fields.js';
import { type Database, type Executor, openDatabase } from '../../src/mirror/database.js';
import { perhapsDifferent, printedJson } from '../../src/mirror/just-so.js';
import { columnsOf } from '../../src/mirror/table.js';
import { findDifferent, type IncomingTask, writeMerged } from '../../src/mirror/tasks.js';
import { decode } from '../../src/sources/decode.js';
import { sources } from '../../src/sources/index.js';
import { type Mirror, openMirror, type Source } from './mirror.js';

/** What is printed in several ways, or looks like what stands between two values. */
const TEXTS = [
  'plain',
  'two words',
  '',
  '(a,b)',
  '"quoted"',
  'back\\slash',
  '\\"',
  'line\nbreak\ttab\r\f\b\v',
  'NULL',
  'null',
  'ü😀\u2028\u0001\u007f\u00a0',
  '{"id": 1}',
  ',,',
  ' ',
];
const at = <T>(list: readonly T[], n: number): T | undefined => list[n % list.length];

const SAMPLES: Record<Source, (n: number) => JsonObject> = {
  invoiced: (n) => ({
    id: n,
    name: at(TEXTS, n) ?? null,
    action: at(['phone', 'letter', ''], n) ?? null,
    customer_id: n * 7,
    user_id: n % 3 === 0 ? null : n,
    due_date: n % 4 === 0 ? null : 1_767_225_600 - n * 86_400_000,
    complete: n % 2 === 0,
    completed_date: 1_767_225_600 + n,
    chase_step_id: null,
    created_at: 1_600_000_000,
    updated_at: 1_700_000_000 + n,
    note: at(TEXTS, n + 1) ?? null,
    élan: [1, -2.5, 0.001, true, null, [], {}, { '': 1 }, { b: 'x', aa: 'y', a: 'z' }],
  }),
  freshbooks: (n) => ({
    id: n,
    name: at(TEXTS, n) ?? null,
    description: at(TEXTS, n + 3) ?? null,
    rate:
      n % 3 === 0
        ? null
        : { code: 'USD', amount: at(['50.00', '0.00', '-1.25', '12345678901234567890.10'], n) ?? null },
    billable: n % 2 === 0,
    tax1: n % 5,
    tax2: 0,
    vis_state: at([0, 2, 1], n) ?? 0,
    updated: '2026-07-01 12:00:00',
    unknown: { deep: [at(TEXTS, n) ?? null] },
  }),
};

let mirror: Mirror;
let db: Database;
beforeAll(async () => {
  mirror = await openMirror();
  db = openDatabase(mirror.url, { applicationName: 'taskmirror test', max: 1 });
});
afterAll(async () => {
  await db.close();
  await mirror.close();
});

describe.each(['invoiced', 'freshbooks'] as const)('%s', (name) => {
  const source = sources[name];
  const table = sql.raw(`${name}.tasks`);
  // Two hundred that are looked at together, and some more.
  const tasks = Array.from({ length: 230 }, (_, n) => taskOf(name, SAMPLES[name](n + 1)));
  const second = tasks.slice(100, 200).map(({ id }) => id);
  const looked = async (at: Executor, some = tasks) =>
    (await perhapsDifferent(at, source, name, some)).map(({ id }) => id);
  const found = async (at: Executor, some = tasks) => [
    ...(await findDifferent(at, source, name, some)).keys(),
  ];

  beforeAll(() => db.transaction((tx) => write(tx, name, tasks)));

  test('what the mirror holds just so is known by its hash, however it is written', async () => {
    expect(await looked(db)).toEqual([]);
    expect(await found(db)).toEqual([]);
  });

  test.each(columnsOf(source))('a row that holds another $name is found', async (column) => {
    await whileChanged(sql`${sql.identifier(column.name)} = ${another(column)}`, async (tx) => {
      expect(await looked(tx)).toEqual(second);
      expect(await found(tx)).toEqual([150]);
    });
  });

  test.each([
    ['holds another key', sql`raw = raw || '{"unknown": 1}'`],
    ['lacks a key that no column is made of', sql`raw = raw - 'id'`],
    ['holds another value of such a key', sql`raw = jsonb_set(raw, '{id}', '"150"')`],
    ['was never given by the API', sql`raw = null`],
    ['is another task’s', sql`id = 150150`],
    ['is another connection’s', sql`connection = 'other'`],
  ])('a row that %s is found', async (_, change) => {
    await whileChanged(change, async (tx) => {
      expect(await looked(tx)).toEqual(second);
      expect(await found(tx)).toEqual([150]);
    });
  });

  test('a row with an edit that waits is looked at, and is as the API has it', async () => {
    await whileChanged(sql`name = 'Edited', sync_state = 'pending'`, async (tx) => {
      expect(await looked(tx)).toEqual(second);
      expect(await found(tx)).toEqual([]);
    });
  });

  test('a number that PostgreSQL prints in its own way is compared', async () => {
    const odd = [taskOf(name, { ...SAMPLES[name](500), factor: 1e-7 })];
    await rolledBack(async (tx) => {
      await write(tx, name, odd);
      expect(await looked(tx, odd)).toEqual([500]);
      expect(await found(tx, odd)).toEqual([]);
    });
  });

  /** One row of the second hundred is changed past the triggers, as a backup that was restored over it may have done. */
  const whileChanged = (change: SQL, look: (tx: Executor) => Promise<void>): Promise<void> =>
    rolledBack(async (tx) => {
      await tx.rows(sql`update ${table} set ${change} where id = 150`);
      await look(tx);
    });
});

class RolledBack extends Error {}

/** In a transaction with the worker's origin that leaves nothing behind. */
async function rolledBack(work: (tx: Executor) => Promise<void>): Promise<void> {
  const transaction = db.transaction(async (tx) => {
    await tx.rows(sql`select set_config('taskmirror.origin', 'sync', true)`);
    await work(tx);
    throw new RolledBack();
  });
  await expect(transaction).rejects.toThrow(RolledBack);
}

async function write(tx: Executor, name: Source, tasks: readonly IncomingTask[]): Promise<void> {
  await tx.rows(sql`select set_config('taskmirror.origin', 'sync', true)`);
  const state = { row: null, syncState: 'synced', syncError: null, answeredAt: 1, overruled: [] } as const;
  const changes = tasks.map((task) => ({ ...task, ...state }));
  expect((await writeMerged(tx, sources[name], name, '0', changes)).size).toBe(tasks.length);
}

function taskOf(name: Source, raw: JsonObject): IncomingTask {
  const decoded = decode(sources[name].fields, raw);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.task;
}

/** Another value than the one that a row has, as near to it as there is. */
function another({ name, type }: Column): SQL {
  const column = sql.identifier(name);
  if (name === 'vis_state') return sql`1 - least(${column}, 1)`;
  switch (type) {
    case 'text':
      return sql`coalesce(${column} || ' ', '')`;
    case 'boolean':
      return sql`not ${column}`;
    case 'integer':
      return sql`coalesce(${column} + 1, 0)`;
    case 'instant':
      return sql`coalesce(${column} + interval '1 microsecond', 'epoch')`;
    case 'money':
      return sql`coalesce(${column} + 0.001, 0)`;
  }
}

test('no key is not taken for an empty one, whichever is printed first', () => {
  for (const json of [{}, { '': 1 }, {}]) expect(JSON.parse(printedJson(json))).toEqual(json);
});
