import { sql } from 'drizzle-orm';
import type { SourceName } from '../../../../src/sources/source.js';
import type { Edit, Ledger } from '../ledger.js';
import { type Row, rowsOf, type Told, toldByApi, toldByRow } from '../sides.js';
import type { ModelWorld } from '../world.js';

/** What both sides show once all rests, beside what people did. */
export interface Facts {
  readonly source: SourceName;
  readonly ledger: Ledger;
  /** Which share of all tasks may be deleted at once. */
  readonly deleteLimit: number;
  readonly rows: readonly Row[];
  readonly api: ReadonlyMap<string, Told>;
  readonly conflicts: readonly Row[];
  /** Writes of which it is not settled what became of them. */
  readonly open: readonly Row[];
  /** Whether the API lists no deleted tasks: then nobody can see what people change in one. */
  readonly hidesDeleted: boolean;
  /** The row of a task by any id that it ever had, or by `row 5`; where that is gone, of the task that it was folded into. */
  rowOf(task: string): Row | undefined;
  told(row: Row): Told;
  /** What there is to be seen on the other side of links; null where nothing is linked. */
  readonly beyond: Beyond | null;
}

export interface Beyond {
  readonly facts: Facts;
  /** Where an edit of this row was shown by a row that it was linked to, as edits of that row. */
  shown(row: string, edit: Edit): readonly Edit[];
  /** Whether that row came to show another value after it had shown this one. */
  showedAfter(edit: Edit, value: string): boolean;
}

/** Gives what does not hold, in words. Written without the worker's own code. */
export type Check = (facts: Facts) => readonly string[];

export async function factsOf(world: ModelWorld): Promise<Facts> {
  const { links, other, source } = world;
  const facts = await factsOfOne(world);
  if (links === null || other === null) return facts;
  const shown: Beyond['shown'] = (row, edit) => links.shown(source, row, edit);
  const showedAfter: Beyond['showedAfter'] = (edit, value) => links.showedAfter(other.source, edit, value);
  return { ...facts, beyond: { facts: await factsOfOne(other), shown, showedAfter } };
}

async function factsOfOne({ aside, source, sandbox, ledger, setting }: ModelWorld): Promise<Facts> {
  const rows = await rowsOf(aside, source);
  const of = async (table: string) =>
    (
      await aside.rows<{ row: Row }>(
        sql`select to_jsonb(t) as row from ${sql.raw(table)} t where t.connection = ${source}`,
      )
    ).map(({ row }) => row);
  const [conflicts, retired, writes] = [
    await of('sync.conflicts'),
    await of('sync.retired_ids'),
    await of('sync.writes'),
  ];
  const byName = new Map<string, Row>();
  for (const row of rows) {
    byName.set(`row ${row['row_id']}`, row);
    if (row['id'] !== null) byName.set(String(row['id']), row);
  }
  for (const { id, row_id } of retired) {
    const now = byName.get(`row ${row_id}`);
    if (now !== undefined) byName.set(String(id), now);
  }
  return {
    source,
    ledger,
    deleteLimit: setting.deleteLimit,
    rows,
    api: toldByApi(sandbox, source),
    conflicts,
    hidesDeleted: source === 'freshbooks' && sandbox.freshbooks.options.searchVisState === 'ignored',
    open: writes.filter((write) => write['settled_at'] === null),
    rowOf: (task) => byName.get(task),
    told: (row) => toldByRow(source, row),
    beyond: null,
  };
}

export const isFailed = (row: Row | undefined): boolean => row?.['sync_state'] === 'failed';
export const isThere = (task: Told | undefined): boolean => task !== undefined && task['vis_state'] !== '1';
export const nameOfRow = (row: Row): string => `row ${row['row_id']} (${row['name']}, id ${row['id']})`;
