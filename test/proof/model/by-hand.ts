import { sql } from 'drizzle-orm';
import { TaskmirrorError } from '../../../src/errors.js';
import { sources } from '../../../src/sources/index.js';
import { decideCreate } from '../../../src/sync/decide.js';
import { type Change, labelOf } from './ledger.js';
import { inOrder } from './scheduler.js';
import { type Row, rowsOf, toldByApi } from './sides.js';
import type { ModelWorld } from './world.js';

/**
 * What a person does about failed rows: of a create of unknown outcome they know whether its task is there, and say so; all else they send
 * again. Gives how many rows they saw to.
 */
export async function seeToFailed(world: ModelWorld): Promise<number> {
  const { aside, source } = world;
  const rows = await rowsOf(aside, source);
  const failed = rows.filter((row) => row['sync_state'] === 'failed');
  // Who has just given one of two twins its task gives the other one another.
  const given = new Set<string>();
  for (const row of failed) {
    const [open] = await aside.rows(sql`
      select from sync.writes where row_id = ${String(row['row_id'])}::bigint and method = 'POST' and settled_at is null`);
    await world.scheduler.finish(
      open === undefined ? sendAgain(world, row) : decide(world, row, rows, given),
      inOrder,
    );
  }
  return failed.length;
}

async function sendAgain({ people, source, note }: ModelWorld, row: Row): Promise<void> {
  note(`row ${row['row_id']} is sent again by hand: ${row['sync_error']}`);
  await people.rows(sql`
    update ${sql.identifier(source)}.tasks set sync_state = 'pending' where row_id = ${String(row['row_id'])}::bigint`);
}

/** They look for the task that the insert can only have made: what its name begins with tells, or did when a worker made it. */
export async function decide(
  world: ModelWorld,
  row: Row,
  rows: readonly Row[],
  given: Set<string> = new Set(),
): Promise<void> {
  const { people, source, sandbox, ledger, note } = world;
  const rowId = String(row['row_id']);
  const owned = new Set(
    rows.flatMap((each) => {
      const row = String(each['row_id']);
      return ledger.inserts.has(row) || ledger.made.has(row) ? [String(each['id'])] : [];
    }),
  );
  const label = ledger.inserts.get(rowId) ?? labelOf(String(row['name']), String(row['id']));
  const sent = ledger.labelled ? null : await sentBy(world, rowId);
  const isIt = (id: string, name: string) =>
    sent === null
      ? labelOf(name, id) === label
      : ledger.writes.some(({ change }) => isMaking(change, id) && change.after === sent) ||
        ledger.remade.some((each) => each.task === id && each.sent === sent);
  const made = [...toldByApi(sandbox, source)].find(
    ([id, task]) => isIt(id, task['name'] ?? '') && !owned.has(id) && !given.has(id),
  );
  if (made !== undefined) given.add(made[0]);
  const decision = made === undefined ? ('create' as const) : { adopt: Number(made[0]) };
  note(`row ${rowId} is decided by hand: ${JSON.stringify(decision)}`);
  await people
    .transaction((tx) => decideCreate(tx, Object.values(sources), rowId, decision))
    .catch((error: unknown) => {
      // Refused with a reason: somebody else has settled it meanwhile.
      if (!(error instanceof TaskmirrorError)) throw error;
      note(`  ${error.message}`);
    });
}

const isMaking = ({ task, field, before }: Change, id: string): boolean =>
  task === id && field === 'name' && before === null;

/** The name with which a row's task was to be made. */
async function sentBy({ people }: ModelWorld, rowId: string): Promise<string> {
  const [open] = await people.rows<{ name: string | null }>(sql`
    select sent ->> 'name' as name from sync.writes
    where row_id = ${rowId}::bigint and method = 'POST' and settled_at is null order by write_id limit 1`);
  return open?.name ?? '';
}
