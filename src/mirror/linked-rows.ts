import { type SQL, sql } from 'drizzle-orm';
import type { Columns } from '../fields.js';
import type { Executor } from './database.js';
import { editedAgain } from './table.js';

/** One side of a link as its row stands now. */
export interface LinkedRow {
  readonly rowId: string;
  readonly connection: string;
  readonly version: string;
  /** `name`, `complete` (Invoiced only) and `vis_state`. */
  readonly columns: Columns;
  /** Whether its task is gone from the API for good. */
  readonly gone: boolean;
  /** `vis_state` as the API has it, as far as is known; null of a task that is not there, or has none. */
  readonly stateAtApi: string | null;
  /** The columns that were edited again while an edit of theirs waited. */
  readonly editedAgain: readonly string[];
  /** When it was last changed as far as is known, in seconds since 1970. */
  readonly changedAt: number | null;
}

/** Both rows of each pair as they stand now, in the order of the pairs. */
export async function readSides(
  db: Executor,
  pairs: readonly (readonly [left: string, right: string])[],
): Promise<readonly { readonly left: LinkedRow | null; readonly right: LinkedRow | null }[]> {
  const rows = await db.rows<SidesStored>(sql`
    select ${leftRow} as left_row, ${rightRow} as right_row
    from jsonb_to_recordset(${JSON.stringify(pairs.map(([l, r], n) => ({ n, l, r })))}::text::jsonb) as p (n int, l bigint, r bigint)
    left join invoiced.tasks a on a.row_id = p.l left join freshbooks.tasks b on b.row_id = p.r order by p.n`);
  return rows.map(({ left_row, right_row }) => ({ left: left_row, right: right_row }));
}

/** What a row shows of what links can share, as JSON. */
export const shownLeft = (alias: string) =>
  sql.raw(
    `jsonb_build_object('name', ${alias}.name, 'complete', ${alias}.complete, 'vis_state', ${alias}.vis_state)`,
  );
export const shownRight = (alias: string) =>
  sql.raw(`jsonb_build_object('name', ${alias}.name, 'vis_state', ${alias}.vis_state)`);

/** Whether a row's task was at the API once, and is gone from it for good. */
export function goneForGood(alias: string): SQL {
  const row = sql.identifier(alias);
  return sql`${row}.id is not null and ${row}.raw is null and ${row}.vis_state = 1`;
}

function rowOf(alias: 'a' | 'b', shown: SQL): SQL {
  const row = sql.identifier(alias);
  const gone = goneForGood(alias);
  return sql`case when ${row}.row_id is not null then jsonb_build_object('rowId', ${row}.row_id::text,
    'connection', ${row}.connection, 'version', ${row}.xmin::text, 'columns', ${shown}, 'gone', ${gone},
    'stateAtApi', ${row}.raw ->> 'vis_state', 'editedAgain', ${editedAgain(alias)},
    'changedAt', extract(epoch from case when ${gone} then ${row}.synced_at else greatest(${row}.edited_at, ${row}.updated_at) end)) end`;
}

/** Both sides of a link, where `a` is a row of invoiced.tasks and `b` one of freshbooks.tasks; null where there is none. */
export const leftRow = rowOf('a', shownLeft('a'));
export const rightRow = rowOf('b', shownRight('b'));

interface SidesStored {
  readonly left_row: LinkedRow | null;
  readonly right_row: LinkedRow | null;
}
