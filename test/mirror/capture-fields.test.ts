import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fields as freshbooks } from '../../src/sources/freshbooks/fields.js';
import { fields as invoiced } from '../../src/sources/invoiced/fields.js';
import { type Mirror, openMirror, refusalOf, type Source, sources } from './mirror.js';

const fields = { invoiced, freshbooks };

let mirror: Mirror;
beforeAll(async () => {
  mirror = await openMirror();
});
afterAll(() => mirror.close());

/** A valid value for each type that no row here has yet. */
const OTHER: Record<string, string> = {
  text: "'another'",
  bigint: '4711',
  smallint: '2',
  boolean: 'not coalesce(t.COLUMN, false)',
  numeric: '12.34',
  jsonb: `'{"id": 4711}'`,
  'timestamp with time zone': "'2027-01-02 03:04:05Z'",
  'text[]': "'{name}'",
};

/** Where not every value of the type will do. */
const DOCUMENTED: Record<string, string> = {
  action: "'letter'",
  rate_code: "'CAD'",
  vis_state: '1',
  sync_state: "'failed'",
};

/** The columns as the database has them, so that one which the triggers don't know shows. */
async function columnsOf(source: Source): Promise<readonly { name: string; value: string }[]> {
  const columns = await mirror.sql<{ name: string; type: string }[]>`
    select attname as name, format_type(atttypid, null) as type from pg_attribute
    where attrelid = ${`${source}.tasks`}::regclass and attnum > 0 and not attisdropped order by attnum`;
  return columns.map(({ name, type }) => {
    const value = DOCUMENTED[name] ?? OTHER[type]?.replace('COLUMN', name);
    if (value === undefined)
      throw new Error(`The test knows no value of type ${type}, for ${source}.${name}.`);
    return { name, value };
  });
}

describe.each(sources)('the triggers on %s.tasks keep to the field table', (source) => {
  const writable = fields[source]
    .filter((field) => field.writable)
    .flatMap((field) => field.columns.map(({ name }) => name));

  test('all columns of the fields are there', async () => {
    const names = (await columnsOf(source)).map(({ name }) => name);
    const declared = fields[source].flatMap((field) => field.columns.map(({ name }) => name));
    expect(names).toEqual(expect.arrayContaining(declared));
  });

  test('a change of each writable column makes the row pending', async () => {
    const columns = (await columnsOf(source)).filter(({ name }) => writable.includes(name));
    expect(columns).toHaveLength(writable.length);
    for (const { name, value } of columns) {
      const { row_id } = await mirror.synced(source);
      await mirror.sql.unsafe(`update ${source}.tasks t set ${name} = ${value} where row_id = ${row_id}`);
      expect(await mirror.find(source, row_id), name).toMatchObject({
        sync_state: 'pending',
        edited_at: expect.any(String),
        pending_since: expect.any(String),
      });
    }
  });

  test('a change of any other column is refused by its name', async () => {
    const columns = (await columnsOf(source)).filter(({ name }) => !writable.includes(name));
    expect(columns.length).toBeGreaterThan(12);
    for (const { name, value } of columns) {
      const { row_id } = await mirror.synced(source);
      const update = mirror.sql.unsafe(
        `update ${source}.tasks t set ${name} = ${value} where row_id = ${row_id}`,
      );
      const { message, hint, code, column } = await refusalOf(update);
      expect({ column, code }).toEqual({ column: name, code: '42501' });
      expect(message).toContain(`${source}.tasks, row ${row_id}: ${name} `);
      expect(hint).not.toBe('');
    }
  });

  test('writing the value that a column has already changes nothing', async () => {
    const before = await mirror.synced(source);
    for (const { name } of await columnsOf(source)) {
      await mirror.sql.unsafe(`update ${source}.tasks set ${name} = ${name} where row_id = ${before.row_id}`);
    }
    expect(await mirror.find(source, before.row_id)).toEqual(before);
  });

  test('an INSERT may set the writable columns only', async () => {
    for (const { name, value } of await columnsOf(source)) {
      if (
        ['name', 'vis_state', ...(source === 'freshbooks' ? ['rate_amount', 'rate_code'] : [])].includes(name)
      )
        continue;
      const insert = mirror.sql.unsafe(
        `insert into ${source}.tasks (name, ${name}) values ('New', ${value.replace(/^not .*/, 'true')})`,
      );
      if (writable.includes(name)) await insert;
      else expect((await refusalOf(insert)).column).toBe(name);
    }
  });
});
