import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { rowsOf, toldByApi, toldByRow } from '../sides.js';
import type { ModelWorld } from '../world.js';
import { act } from './at-api.js';
import { type CommandKind, kind } from './kind.js';

/** Tenths of all that are there. */
const tenths = fc.integer({ min: 2, max: 10 });

/** What a wrong WHERE deletes here, and a wrong click there: more at once than anybody means to. Seldom, but in histories of many tasks. */
export const many: readonly CommandKind[] = [
  kind('delete many in SQL', 0, tenths, (world, tenths) => {
    world.begin(`in SQL ${tenths} tenths are deleted`, () => deleteHere(world, tenths / 10));
  }),
  kind('delete many at the API', 0, tenths, (world, tenths) => {
    const { sandbox, source } = world;
    const there = [...toldByApi(sandbox, source)].filter(([, task]) => task['vis_state'] !== '1');
    const chosen = there.slice(0, Math.ceil((there.length * tenths) / 10));
    act(world, `${chosen.length} are deleted`, () => {
      for (const [id] of chosen) {
        if (source === 'invoiced') sandbox.invoiced.people.remove(Number(id));
        else sandbox.freshbooks.people.deleteTask(Number(id));
      }
    });
  }),
];

async function deleteHere(world: ModelWorld, share: number): Promise<string> {
  const { people, source, ledger, note } = world;
  const deleted = await people.transaction(async (tx) => {
    await tx.rows(sql`select from ${sql.identifier(source)}.tasks for update`);
    const there = (await rowsOf(tx, source)).filter((row) => row['vis_state'] !== 1 && row['id'] !== null);
    const chosen = there.slice(0, Math.ceil(there.length * share));
    const ids = `{${chosen.map((row) => String(row['row_id'])).join(',')}}`;
    await tx.rows(sql`
      update ${sql.identifier(source)}.tasks set vis_state = 1 where row_id = any (${ids}::bigint[])`);
    return chosen;
  });
  for (const row of deleted)
    ledger.edit('local', String(row['id']), toldByRow(source, row), { vis_state: '1' });
  ledger.deletedAtOnce(deleted.map((row) => String(row['id'])));
  note(`  ${deleted.length} rows`);
  return `${deleted.length} rows`;
}
