import type { Row, TransactionSql } from 'postgres';
import type { World } from '../../sync/world.js';
import type { Edit, History } from './history.js';
import { toldByRow } from './sides.js';
import { TOLD, UNTOLD, type Values } from './values.js';

class TakenBack extends Error {}

/** What a transaction did, to be written down once it is committed. */
interface Done {
  readonly edits: Edit[];
  readonly seen: string[];
  readonly deleted: string[];
  readonly inserts: [row: string, label: string][];
  readonly visibility: [row: string, state: number][];
}

/** One transaction of a local writer: one to three statements, now and then rolled back. */
export async function actInSql(
  world: World,
  history: History,
  values: Values,
  random: () => number,
): Promise<void> {
  const done: Done = { edits: [], seen: [], deleted: [], inserts: [], visibility: [] };
  const steps = 1 + Math.floor(random() * 3);
  const takesBack = random() < 0.15;
  try {
    await world.sql.begin(async (tx) => {
      for (let step = 0; step < steps; step++) await actOnce(tx, history, values, done, random);
      if (takesBack) throw new TakenBack();
    });
  } catch (error) {
    if (error instanceof TakenBack) return;
    throw error;
  }
  history.edits.push(...done.edits);
  for (const token of done.seen) history.seen.add(token);
  for (const task of done.deleted) history.deleted.add(task);
  for (const [row, label] of done.inserts) history.inserts.set(row, label);
  for (const [row, state] of done.visibility) history.visibility.set(row, state);
}

async function actOnce(
  tx: TransactionSql,
  history: History,
  values: Values,
  done: Done,
  random: () => number,
): Promise<void> {
  const { connection } = history;
  const table = tx(`${connection}.tasks`);
  const chance = random();
  if (chance < 0.2) return insert(tx, history, values, done, chance < 0.04);
  const [found] =
    await tx`select row_id from ${table} order by md5(row_id::text || ${String(random())}) limit 1`;
  if (found === undefined) return;
  const [row] = await tx`select * from ${table} where row_id = ${found['row_id']} for update`;
  if (row === undefined) return;
  const rowId = String(row['row_id']);
  const task = row['id'] === null ? `row ${rowId}` : String(row['id']);
  const told = toldByRow(connection, row);
  if (chance < 0.32) {
    done.seen.push(...TOLD[connection].map((field) => told[field] ?? ''));
    done.deleted.push(task, `row ${rowId}`);
    done.visibility.push([rowId, 1]);
    await tx`delete from ${table} where row_id = ${rowId}`;
    return;
  }
  const changes: Row = {};
  if (row['vis_state'] === 1) {
    changes['vis_state'] = 0;
    done.visibility.push([rowId, 0]);
  } else if (connection === 'freshbooks' && random() < 0.1) {
    changes['vis_state'] = 2;
    done.visibility.push([rowId, 2]);
  }
  for (const field of [...TOLD[connection], ...UNTOLD[connection]]) {
    if (random() > 0.3) continue;
    const token = values.next(field, told['name'] ?? '', task.replace('row ', ''));
    if (TOLD[connection].includes(field)) {
      done.seen.push(told[field] ?? '');
      done.edits.push({ side: 'local', task, field, token });
    }
    Object.assign(changes, columnsOf(field, token));
  }
  if (Object.keys(changes).length > 0) await tx`update ${table} set ${tx(changes)} where row_id = ${rowId}`;
}

async function insert(
  tx: TransactionSql,
  { connection }: History,
  values: Values,
  done: Done,
  twins: boolean,
): Promise<void> {
  const label = values.label(twins ? 'W' : 'L');
  for (let i = 0; i < (twins ? 2 : 1); i++) {
    const [row] =
      connection === 'invoiced'
        ? await tx`insert into invoiced.tasks (name, action, due_date) values (${`${label}.new`}, 'phone', '2026-12-01Z') returning row_id`
        : await tx`insert into freshbooks.tasks (name) values (${`${label}.new`}) returning row_id`;
    done.inserts.push([String(row?.['row_id']), label]);
  }
}

function columnsOf(field: string, token: string): Row {
  if (field === 'rate') return { rate_amount: token, rate_code: 'USD' };
  if (field === 'due_date') return { due_date: new Date(Number(token) * 1000) };
  if (field === 'complete' || field === 'billable') return { [field]: token === 'true' };
  return { [field]: token };
}
