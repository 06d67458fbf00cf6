import { type SQL, sql } from 'drizzle-orm';
import fc from 'fast-check';
import type { SourceName } from '../../../../src/sources/source.js';
import { rowsOf } from '../sides.js';
import type { ModelWorld } from '../world.js';
import { type CommandKind, kind } from './kind.js';

const FORBIDDEN: readonly { readonly set: string; readonly only?: SourceName }[] = [
  { set: 'row_id = row_id + 1000000' },
  { set: 'id = coalesce(id, 0) + 1' },
  { set: "connection = 'elsewhere'" },
  { set: `raw = '{"name": "forged"}'` },
  { set: "sync_state = case sync_state when 'failed' then 'synced' else 'failed' end" },
  { set: "sync_error = coalesce(sync_error, '') || 'forged'" },
  { set: "synced_at = now() + interval '1 day'" },
  { set: "edited_at = now() + interval '1 day'" },
  { set: "updated_at = now() + interval '1 day'" },
  { set: 'vis_state = 7' },
  { set: "action = 'shout'", only: 'invoiced' },
  { set: 'vis_state = 2', only: 'invoiced' },
  { set: "created_at = now() + interval '1 day'", only: 'invoiced' },
  { set: "completed_date = now() + interval '1 day'", only: 'invoiced' },
];

/** What PostgreSQL says where capture or a table's own check refuses. */
const REFUSALS = ['42501', '23514', '23503'];
/** The lock that a TRUNCATE waits for keeps even those waiting who only look on: so it is given up at once where others hold the table. */
const GIVEN_UP = '55P03';

/** What no local writer may do: it is refused, with all that stood in its transaction. */
export const refused: readonly CommandKind[] = [
  kind(
    'try what is refused in SQL',
    3,
    fc.record({ what: fc.nat({ max: 30 }), target: fc.nat({ max: 11 }) }),
    (world, { what, target }) => {
      world.begin('in SQL what is refused', () => attempt(world, what, target));
    },
  ),
];

async function attempt(world: ModelWorld, what: number, target: number): Promise<string> {
  const { people, source, ledger } = world;
  const table = sql`${sql.identifier(source)}.tasks`;
  const rows = await rowsOf(people, source);
  const row = rows[rows.length === 0 ? 0 : target % rows.length];
  const updates = FORBIDDEN.filter(({ only = source }) => only === source);
  const whole: readonly SQL[] = [
    sql`truncate ${table}`,
    sql`insert into ${table} (name, id) values ('chosen', 99999999)`,
    sql`insert into ${table} (name, connection) values ('nowhere', 'elsewhere')`,
    sql`insert into ${table} (name, raw) values ('forged', '{}')`,
  ];
  const index = what % (whole.length + updates.length);
  const set = updates[index - whole.length]?.set;
  const statement =
    whole[index] ??
    (set === undefined || row === undefined
      ? null
      : sql`update ${table} set ${sql.raw(set)} where row_id = ${String(row['row_id'])}::bigint returning 1`);
  if (statement === null) return 'there is nothing to try it on';
  try {
    await people.transaction(async (tx) => {
      // What stands before it in the transaction is taken back with it.
      if (row !== undefined)
        await tx.rows(sql`
          update ${table} set name = 'T0000.never' where row_id = ${String(row['row_id'])}::bigint`);
      if (index === TRUNCATE) await tx.rows(sql`select set_config('lock_timeout', '1ms', true)`);
      const done = await tx.rows(statement);
      // The row may be gone meanwhile.
      if (set === undefined || done.length > 0)
        ledger.wrong(`it is not refused: ${set ?? `statement ${index}`}`);
      throw new NotRefused();
    });
  } catch (error) {
    if (error instanceof NotRefused) return 'it was not refused';
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === GIVEN_UP) return 'given up';
    if (REFUSALS.includes(code)) return `refused with ${code}`;
    throw error;
  }
  return 'done';
}

/** Its place among the statements. */
const TRUNCATE = 0;

class NotRefused extends Error {}
