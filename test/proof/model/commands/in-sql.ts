import { type SQL, sql } from 'drizzle-orm';
import fc from 'fast-check';
import type { Executor } from '../../../../src/mirror/database.js';
import type { SourceName } from '../../../../src/sources/source.js';
import { fieldOf, type Row, type Told, toldByRow } from '../sides.js';
import type { ModelWorld } from '../world.js';
import { type CommandKind, kind } from './kind.js';

interface Act {
  readonly act: 'insert' | 'twins' | 'again' | 'update' | 'delete' | 'hide' | 'show' | 'archive' | 'retry';
  readonly target: number;
  readonly fields: readonly number[];
  /** In the other source's table, where there is one. */
  readonly beside?: boolean;
}

const act = fc.record({
  act: fc.oneof(
    { weight: 4, arbitrary: fc.constant('insert' as const) },
    { weight: 1, arbitrary: fc.constant('twins' as const) },
    { weight: 10, arbitrary: fc.constant('update' as const) },
    { weight: 2, arbitrary: fc.constantFrom('delete' as const, 'hide' as const) },
    { weight: 2, arbitrary: fc.constant('show' as const) },
    { weight: 1, arbitrary: fc.constantFrom('archive' as const, 'retry' as const) },
  ),
  target: fc.nat({ max: 11 }),
  fields: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 3 }),
  beside: fc.nat({ max: 3 }).map((n) => n === 3),
});

/** What local writers do: one transaction of a few statements, now and then rolled back, while others go on. */
export const inSql: readonly CommandKind[] = [
  kind(
    'write in SQL',
    18,
    fc.record({
      acts: fc.oneof(
        { weight: 3, arbitrary: fc.array(act, { minLength: 1, maxLength: 1 }) },
        { weight: 1, arbitrary: fc.array(act, { minLength: 2, maxLength: 3 }) },
      ),
      takenBack: fc.integer({ min: 0, max: 7 }).map((n) => n === 7),
    }),
    transact,
  ),
  kind(
    'insert in SQL',
    1,
    fc
      .record({
        act: fc.constantFrom('insert' as const, 'insert' as const, 'twins' as const, 'again' as const),
        target: fc.constant(0),
        fields: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 2 }),
      })
      .map((each) => ({ acts: [each], takenBack: false })),
    transact,
  ),
];

function transact(
  world: ModelWorld,
  { acts, takenBack }: { acts: readonly Act[]; takenBack: boolean },
): void {
  const done: (() => void)[] = [];
  const what = acts.map(({ act }) => act).join(', ');
  world.begin(`in SQL ${what}${takenBack ? ', taken back' : ''}`, async () => {
    await world.people
      .transaction(async (tx) => {
        for (const each of acts) done.push(...(await write((each.beside && world.other) || world, tx, each)));
        if (takenBack) throw new TakenBack();
      })
      .then(
        () => {
          for (const record of done) record();
        },
        (error: unknown) => {
          if (!(error instanceof TakenBack)) throw error;
        },
      );
  });
}

class TakenBack extends Error {}

/** Gives what is to be written down once it is committed. */
async function write(world: ModelWorld, tx: Executor, { act, target, fields }: Act): Promise<(() => void)[]> {
  const { source, values, ledger } = world;
  const chosen = [...new Set(fields.map((index) => fieldOf(world.setting, index)))];
  const former = act === 'again' ? lastInserted(world) : null;
  if (former !== null) {
    const row = await insert(tx, source, former.told);
    return [() => ledger.insert(row, former.label, former.told)];
  }
  if (act === 'insert' || act === 'twins' || act === 'again') {
    const label = values.label(act === 'twins' ? 'W' : 'L');
    const made: (() => void)[] = [];
    const told: Record<string, string> = { name: `${label}.new` };
    if (source === 'invoiced') Object.assign(told, { action: 'phone', due_date: '1798761600' });
    if (act !== 'twins')
      for (const field of chosen) if (field !== 'name') told[field] = values.next(field, told, '0');
    for (let i = 0; i < (act === 'twins' ? 2 : 1); i++) {
      const row = await insert(tx, source, told);
      made.push(() => ledger.insert(row, label, told));
    }
    return made;
  }
  const row = await lock(world, tx, target);
  if (row === null) return [];
  const rowId = String(row['row_id']);
  const task = row['id'] === null ? `row ${rowId}` : String(row['id']);
  const before = toldByRow(source, row);
  /** Called when the statement was executed. */
  const record = (changes: Told) => {
    const saidAt = ledger.moment();
    return () => {
      world.note(`  row ${rowId} (${task}): ${JSON.stringify(changes)}`);
      ledger.edit('local', task, before, changes, saidAt);
    };
  };
  const table = sql`${sql.identifier(source)}.tasks`;
  const where = sql`where row_id = ${rowId}::bigint`;
  const set = async (changes: Told) => {
    const really = Object.fromEntries(
      Object.entries(changes).filter(([field, value]) => before[field] !== value),
    );
    if (Object.keys(really).length === 0) return [];
    await tx.rows(sql`update ${table} set ${assigned(really)} ${where}`);
    return [record(really)];
  };
  switch (act) {
    case 'delete':
      await tx.rows(sql`delete from ${table} ${where}`);
      return before['vis_state'] === '1' ? [] : [record({ vis_state: '1' })];
    case 'hide':
      return set({ vis_state: '1' });
    case 'show':
      return set({ vis_state: '0' });
    case 'archive':
      return source === 'freshbooks' ? set({ vis_state: '2' }) : [];
    case 'retry':
      if (row['sync_state'] === 'failed')
        await tx.rows(sql`update ${table} set sync_state = 'pending' ${where}`);
      return [];
    case 'update':
      return set(
        Object.fromEntries(
          chosen.map((field) => [field, values.next(field, before, task.replace('row ', ''))]),
        ),
      );
  }
}

/** What was inserted last, to be inserted once more just alike: two tasks are meant then. */
function lastInserted({ ledger }: ModelWorld): { readonly label: string; readonly told: Told } | null {
  const last = [...ledger.inserts].at(-1);
  if (last === undefined) return null;
  const [row, label] = last;
  const first = ledger.edits.find(({ task }) => task === `row ${row}`);
  const given = ledger.edits.filter(({ task, at }) => task === `row ${row}` && at === first?.at);
  return { label, told: Object.fromEntries(given.map(({ field, value }) => [field, value])) };
}

async function insert(tx: Executor, source: string, told: Told): Promise<string> {
  const columns = Object.entries(told).flatMap(([field, value]) => columnsOf(field, value));
  const { row_id } = await tx.row<{ row_id: string }>(sql`
    insert into ${sql.identifier(source)}.tasks (${sql.join(
      columns.map(([name]) => sql.identifier(name)),
      sql`, `,
    )})
    values (${sql.join(
      columns.map(([, value]) => value),
      sql`, `,
    )}) returning row_id::text`);
  return row_id;
}

/** One of the rows, and the same one each time: held until the transaction ends. */
async function lock({ source }: ModelWorld, tx: Executor, target: number): Promise<Row | null> {
  const table = sql`${sql.identifier(source)}.tasks`;
  const ids = await tx.rows<{ row_id: string }>(
    sql`select row_id::text from ${table} order by ${table}.row_id`,
  );
  const id = ids[ids.length === 0 ? 0 : target % ids.length]?.row_id;
  return id === undefined ? null : lockRow(source, tx, id);
}

export async function lockRow(source: SourceName, tx: Executor, id: string): Promise<Row | null> {
  const table = sql`${sql.identifier(source)}.tasks`;
  const due = source === 'invoiced' ? sql`extract(epoch from t.due_date)::bigint` : sql`null`;
  const [found] = await tx.rows<{ row: Row }>(sql`
    select to_jsonb(t) || jsonb_build_object('due_date', ${due}) as row from ${table} t
    where t.row_id = ${id}::bigint for update`);
  return found?.row ?? null;
}

export const assigned = (changes: Told): SQL =>
  sql.join(
    Object.entries(changes)
      .flatMap(([field, value]) => columnsOf(field, value))
      .map(([name, value]) => sql`${sql.identifier(name)} = ${value}`),
    sql`, `,
  );

function columnsOf(field: string, value: string): readonly (readonly [string, SQL])[] {
  if (field === 'rate') {
    const [amount, code] = value.split(' ');
    return [
      ['rate_amount', sql`${amount}::numeric`],
      ['rate_code', sql`${code}`],
    ];
  }
  if (value === 'null') return [[field, sql`null`]];
  if (field === 'due_date') return [[field, sql`to_timestamp(${value}::bigint)`]];
  if (field === 'complete' || field === 'billable') return [[field, sql`${value}::boolean`]];
  if (['name', 'description', 'action'].includes(field)) return [[field, sql`${value}`]];
  return [[field, sql`${value}::bigint`]];
}
