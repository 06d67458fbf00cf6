import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { TaskmirrorError } from '../../../../src/errors.js';
import { sources } from '../../../../src/sources/index.js';
import { restoreConflict } from '../../../../src/sync/restore.js';
import { decide } from '../by-hand.js';
import { rowsOf, toldByJournal, toldByRaw, toldByRow } from '../sides.js';
import type { ModelWorld } from '../world.js';
import { type CommandKind, kind } from './kind.js';

const target = fc.nat({ max: 5 });

/** What a person does with the commands that the worker gives them: they put losers back and decide what became of creates. */
export const byHand: readonly CommandKind[] = [
  kind('put a loser back', 2, target, (world, target) => {
    world.begin('a loser is put back', () => putBack(world, target));
  }),
  kind('decide on a create', 2, target, (world, target) => {
    world.begin('a create is decided on', async () => {
      const { people, source } = world;
      const rows = await rowsOf(people, source);
      const undecided = await people.rows<{ row_id: string }>(sql`
        select w.row_id::text from sync.writes w join ${sql.identifier(source)}.tasks t using (row_id)
        where t.sync_state = 'failed' and w.method = 'POST' and w.settled_at is null order by w.write_id`);
      const chosen = undecided[undecided.length === 0 ? 0 : target % undecided.length];
      const row = rows.find((each) => String(each['row_id']) === chosen?.row_id);
      if (row !== undefined) await decide(world, row, rows);
    });
  }),
];

async function putBack(world: ModelWorld, target: number): Promise<string> {
  const { people, source, ledger } = world;
  const conflicts = await people.rows<{ conflict_id: string; row_id: string }>(sql`
    select conflict_id::text, row_id::text from sync.conflicts
    where connection = ${source} and restored_at is null order by sync.conflicts.conflict_id`);
  const chosen = conflicts[conflicts.length === 0 ? 0 : target % conflicts.length];
  if (chosen === undefined) return 'there is none';
  let record = () => {};
  try {
    await people.transaction(async (tx) => {
      const restored = await restoreConflict(tx, Object.values(sources), chosen.conflict_id);
      const row = (await rowsOf(tx, source)).find((each) => String(each['row_id']) === chosen.row_id);
      const { field } = restored;
      const changes: Record<string, string> = { [field.name]: toldByJournal(field.name, restored.after) };
      if (restored.revived !== false) changes['vis_state'] = '0';
      if (row === undefined) return;
      const task = row['id'] === null ? `row ${chosen.row_id}` : String(row['id']);
      const before: Record<string, string> = {
        ...toldByRow(source, row),
        ...(restored.revived !== false && { vis_state: '1' }),
        [field.name]: toldByJournal(field.name, restored.before),
      };
      const really = Object.entries(changes).filter(([name, value]) => before[name] !== value);
      const after = changes[field.name] ?? '';
      const known = toldByRaw(source, row, field.name) === after;
      record = () => {
        // Back to what the API was known to have: nothing is left of the local edit, and what it has become there since follows.
        if (known) ledger.shown({ side: 'local', task, field: field.name, value: after });
        ledger.edit('local', task, before, Object.fromEntries(really));
      };
    });
  } catch (error) {
    if (error instanceof TaskmirrorError || isRefused(error)) return String(error);
    throw error;
  }
  record();
  return `conflict ${chosen.conflict_id}`;
}

/** What capture refuses: a value that the API had and that no local writer may give. */
const isRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['23514', '42501', '23503'].includes(String(error.code));
