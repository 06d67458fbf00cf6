import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fuzzing, hostileJson, hostileNumber, hostileText } from '../fuzz.js';
import { type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 3 }, freshbooks: { tasks: 3 } } });
  for (const connection of connections) expectOutcome(await world.walk(connection), 'ok');
});
afterAll(() => world.close());

test.each(connections)(
  '%s: of any page each task is mirrored as it came or reported, and the run ends well',
  async (connection) => {
    await fc.assert(
      fc.asyncProperty(fc.array(rowOf(connection), { minLength: 1, maxLength: 12 }), async (rows) => {
        await forget(connection);
        await answering(connection, rows, () => world.poll(connection));
        const expected = lastById(rows);
        const reported = await reports(connection);
        for (const [id, versions] of expected) {
          const raw = await rawOf(connection, id);
          if (reported.has(String(id))) continue;
          expect(versions.map(wire)).toContainEqual(raw);
        }
        const healthy = [...expected].filter(([, versions]) => versions.every(isPlain));
        for (const [id] of healthy) expect(reported.has(String(id))).toBe(false);
        // Once more: what is held is not written again.
        const before = await versionsOf(connection);
        await answering(connection, rows, () => world.poll(connection));
        expect(await versionsOf(connection)).toEqual(before);
      }),
      fuzzing(25),
    );
  },
);

/** Few ids, so that one comes twice in a page and in several pages. */
const id = fc.integer({ min: 900_001, max: 900_006 });
const value = fc.oneof(hostileJson, hostileText, hostileNumber, fc.boolean());

function rowOf(connection: Connection): fc.Arbitrary<Row> {
  const odd = fc.dictionary(hostileText, hostileJson, { maxKeys: 2 });
  const keys = (connection === 'invoiced' ? invoicedKeys : freshbooksKeys) as fc.Arbitrary<Keys>;
  const task = fc.tuple(id, keys, odd).map(([id, keys, odd]) => ({ ...odd, ...keys, id }));
  return fc.oneof(
    { weight: 8, arbitrary: task },
    { weight: 1, arbitrary: id.map((id) => ({ id, name: 'plain' })) },
    { weight: 1, arbitrary: hostileJson },
  );
}

type Keys = Readonly<Record<string, unknown>>;
type Row = unknown;

/** Mostly what a key may hold, and now and then anything. */
const rarely = (usual: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: value });

const seconds = fc.integer({ min: -62_135_596_801, max: 253_402_300_800 });
const invoicedKeys = fc.record(
  {
    name: rarely(hostileText),
    action: rarely(hostileText),
    customer_id: rarely(fc.oneof(fc.integer(), fc.constantFrom(2 ** 53 - 1, 2 ** 53))),
    due_date: rarely(seconds),
    created_at: rarely(seconds),
    updated_at: rarely(fc.integer({ min: 4e9, max: 5e9 })),
    complete: rarely(fc.boolean()),
    vis_state: value,
  },
  { requiredKeys: ['updated_at'] },
);

const freshbooksKeys = fc.record(
  {
    name: rarely(hostileText),
    tname: rarely(hostileText),
    description: rarely(hostileText),
    rate: rarely(
      fc.record({
        amount: rarely(fc.stringMatching(/^-?\d{1,42}(\.\d{0,30})?(e-?\d{1,3})?$/)),
        code: rarely(hostileText),
      }),
    ),
    updated: rarely(fc.constantFrom('0001-01-01 00:00:00', '9999-12-31 23:59:59', '2026-11-01 01:30:00')),
    tax1: rarely(fc.integer()),
    vis_state: rarely(fc.constantFrom(0, 2)),
  },
  { requiredKeys: [] },
);

/** As if these tasks had never been seen: what an answer leaves out would be kept from the last one. */
async function forget(connection: Connection): Promise<void> {
  await world.sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`delete from ${tx(connection)}.tasks where id > 900000`;
    await tx`delete from sync.unreadable`;
  });
}

/** Polls while the API's only page holds these rows. */
async function answering(
  connection: Connection,
  rows: readonly Row[],
  work: () => ReturnType<World['poll']>,
): Promise<void> {
  const result = { tasks: rows, page: 1, pages: 1, per_page: 100, total: rows.length };
  const body = connection === 'invoiced' ? rows : { response: { result } };
  world.sandbox.faults.add({
    api: connection,
    route: 'tasks.list',
    fault: { kind: 'status', status: 200, body: JSON.stringify(body) },
  });
  try {
    expectOutcome(await work(), 'ok');
  } finally {
    world.sandbox.faults.clear();
  }
}

/** What the rows hold for each id that a task can have, in order. */
function lastById(rows: readonly Row[]): ReadonlyMap<number, readonly Keys[]> {
  const found = new Map<number, Keys[]>();
  for (const row of rows) {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) continue;
    const id = (row as Keys)['id'];
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id <= 0) continue;
    found.set(id, [...(found.get(id) ?? []), row as Keys]);
  }
  return found;
}

/** As it arrives: JSON knows no -0. */
const wire = (json: unknown): unknown => JSON.parse(JSON.stringify(json));

const isPlain = (row: Keys): boolean => Object.keys(row).length === 2 && row['name'] === 'plain';

async function rawOf(connection: Connection, id: number): Promise<unknown> {
  const [row] = await world.sql`select raw::text from ${world.sql(connection)}.tasks where id = ${id}`;
  return row === undefined ? undefined : JSON.parse(String(row['raw']));
}

async function reports(connection: Connection): Promise<ReadonlySet<string>> {
  const rows = await world.sql`select task_id, reason from sync.unreadable where connection = ${connection}`;
  for (const { reason } of rows) expect(String(reason)).toMatch(/\S/);
  return new Set(rows.map((row) => String(row['task_id'])));
}

async function versionsOf(connection: Connection): Promise<readonly unknown[]> {
  return world.sql`select row_id, xmin::text from ${world.sql(connection)}.tasks order by row_id`;
}
