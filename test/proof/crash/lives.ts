import { createChance } from '../../../src/sandbox/chance.js';
import type { WorkKind } from '../../../src/sync/work.js';
import { type Connection, openWorld, type World } from '../../sync/world.js';
import { rowsOf, type Told, toldByApi, toldByRow } from '../storm/sides.js';
import { accountsOf } from './accounts.js';
import { points } from './points.js';
import { rest } from './rest.js';
import type { Point, Victims } from './victims.js';

export interface Deaths {
  readonly killed: number;
  /** How often each step was the last. */
  readonly at: ReadonlyMap<string, number>;
}

/** What a row is to be in the end, on both sides. */
interface Wanted {
  readonly label: string;
  name: string;
  /** A field that only people at the API write. */
  theirs: string;
  vis: number;
  /** Touched at the API in this round: a delete here would be a conflict. */
  touched?: boolean;
}

const FINISHED_AFTER_MS = 250;
/** So much comes by, of a worker with a handful of rows. */
const PASSINGS = 220;

/**
 * Kills workers, one after the other, at points drawn from a seed while people go on editing; after a few deaths one worker is let live,
 * and each row must be what its last writer made it, on both sides, once. Throws with the seed and the points otherwise.
 */
export async function lives(
  victims: Victims,
  connection: Connection,
  { seed, times, told }: { readonly seed: number; readonly times: number; told?(killed: number): void },
): Promise<Deaths> {
  const { random } = createChance(seed);
  const at = new Map<string, number>();
  let killed = 0;
  while (killed < times) {
    // A world of its own now and then, so that lists stay short.
    const world = await openWorld({
      sandbox: {
        seed,
        logSize: 5000,
        invoiced: { tasks: 4, options: { idempotency: random() < 0.5 ? 'honoured' : 'ignored' } },
        freshbooks: { tasks: 4, options: { rateLimit: null, getDeleted: random() < 0.5 ? 'task' : 'error' } },
      },
      context: {
        deleteLimit: 1,
        push: { enabled: true, quietMs: 0, boundMs: 0, finishedAfterMs: FINISHED_AFTER_MS },
      },
    });
    try {
      await world.walk(connection);
      const people = createPeople(world, connection, random);
      for (let round = 0; round < 25 && killed < times; round++) {
        const trace: string[] = [];
        await people.edit(4);
        for (let deaths = 1 + Math.floor(random() * 3); deaths > 0 && killed < times; deaths--) {
          const { kind, point } = draw(random);
          const orders = {
            databaseUrl: world.db.url,
            watched: connection,
            accounts: accountsOf(world.sandbox),
            work: { kind, connection },
            finishedAfterMs: FINISHED_AFTER_MS,
          };
          const end = await victims.send(orders, point);
          trace.push(end.last);
          await world.sql`update sync.leases set ends_at = clock_timestamp() - interval '1 second'`;
          if (end.killed) {
            killed += 1;
            told?.(killed);
            at.set(end.last, (at.get(end.last) ?? 0) + 1);
          }
          if (random() < 0.6) await people.edit(2);
        }
        if (random() < 0.4) await world.poll(connection);
        await rest(world, connection);
        const faults = await people.faults();
        if (faults.length > 0) {
          throw new Error(
            `${connection}, seed ${seed}, ${killed} deaths (${trace.join('; ')}):\n${faults.join('\n')}`,
          );
        }
      }
    } finally {
      await world.close();
    }
  }
  return { killed, at };
}

/** A named point, any that comes by, or a moment soon after it. One that never comes by lets the worker live. */
function draw(random: () => number): { readonly kind: WorkKind; readonly point: Point } {
  const chance = random();
  const named = points[Math.floor(random() * points.length)];
  if (chance < 0.3 && named !== undefined) return { kind: named.kind, point: named };
  const kind = chance < 0.85 ? 'push' : chance < 0.93 ? 'poll' : 'walk';
  const afterMs = random() < 0.5 ? 0 : random() * 4;
  return { kind, point: { nth: Math.floor(random() ** 1.5 * PASSINGS), afterMs } };
}

/** Local writers who make, rename, delete, restore and archive; people at the API who write another field. */
function createPeople(world: World, connection: Connection, random: () => number) {
  const wanted = new Map<string, Wanted>();
  const twins = new Set<string>();
  const { sql } = world;
  const table = () => sql(`${connection}.tasks`);
  let last = 0;
  const number = () => String(++last).padStart(4, '0');

  async function make(label: string): Promise<void> {
    const name = `${label}.new`;
    const [row] =
      connection === 'invoiced'
        ? await sql`insert into invoiced.tasks (name, action, due_date) values (${name}, 'phone', '2026-12-01Z') returning row_id`
        : await sql`insert into freshbooks.tasks (name) values (${name}) returning row_id`;
    wanted.set(String(row?.['row_id']), {
      label,
      name,
      theirs: connection === 'invoiced' ? 'null' : '',
      vis: 0,
    });
  }

  async function change(rowId: string, row: Wanted): Promise<void> {
    const [found] = await sql`select from ${table()} where row_id = ${rowId}`;
    if (found === undefined && row.vis === 1) {
      // Deleted before its task was made, it is really gone.
      wanted.delete(rowId);
      return;
    }
    const chance = random();
    if (row.vis === 1 && chance < 0.6) row.vis = 0;
    else if (chance < 0.2 && row.touched !== true) row.vis = 1;
    else {
      row.name = `${row.label}.${number()}`;
      if (chance < 0.4 && connection === 'freshbooks' && row.vis === 0) row.vis = 2;
    }
    if (row.vis === 1) {
      await sql`delete from ${table()} where row_id = ${rowId} and vis_state <> 1`;
      await sql`update ${table()} set name = ${row.name} where row_id = ${rowId} and name <> ${row.name}`;
    } else
      await sql`update ${table()} set name = ${row.name}, vis_state = ${row.vis} where row_id = ${rowId}`;
  }

  /** Only of a task that is known for what it is: what a create of unknown outcome may have made can't be told once it was edited. */
  async function changeAtApi(rowId: string, row: Wanted): Promise<void> {
    const [known] = await sql`
      select id from ${table()} t where row_id = ${rowId} and sync_state = 'synced' and vis_state <> 1
        and not exists (select from sync.writes w where w.row_id = t.row_id and w.settled_at is null)`;
    if (known === undefined) return;
    row.touched = true;
    row.theirs = String(60_000 + Number(number()));
    const id = Number(known['id']);
    if (connection === 'invoiced') world.sandbox.invoiced.people.edit(id, { user_id: Number(row.theirs) });
    else world.sandbox.freshbooks.people.editTask(id, { description: row.theirs });
  }

  return {
    async edit(most: number): Promise<void> {
      for (let count = 1 + Math.floor(random() * most); count > 0; count--) {
        const all = [...wanted];
        const [rowId, row] = all[Math.floor(random() ** 0.5 * all.length)] ?? [];
        const chance = random();
        if (rowId === undefined || row === undefined || chance < 0.3) {
          const label = `K${number()}`;
          await make(label);
          if (chance < 0.04) {
            twins.add(label);
            await make(label);
          }
        } else if (chance < 0.4) await changeAtApi(rowId, row);
        else if (!twins.has(row.label)) await change(rowId, row);
      }
    },

    /** Where what is does not equal what was wanted, on either side. */
    async faults(): Promise<readonly string[]> {
      const rows = await rowsOf(world, connection);
      const api = toldByApi(world, connection);
      const faults: string[] = [];
      const open = await sql`select row_id, method from sync.writes where settled_at is null`;
      const conflicts = await sql`select row_id, field, local, remote from sync.conflicts`;
      for (const conflict of conflicts) faults.push(`a conflict with ourselves: ${JSON.stringify(conflict)}`);
      for (const [rowId, row] of wanted) {
        row.touched = false;
        const found = rows.find((each) => String(each['row_id']) === rowId);
        const tasks = [...api.values()].filter(({ name }) => name?.startsWith(row.label)).length;
        if (found === undefined) {
          // Deleted before its task was made: really deleted.
          if (row.vis !== 1 || tasks > 0) faults.push(`row ${rowId} (${row.label}) is gone; ${tasks} tasks`);
          wanted.delete(rowId);
          continue;
        }
        // One of two twins was made, and nobody can say which: that is for a person.
        if (found['sync_state'] === 'failed' && twins.has(row.label)) {
          wanted.delete(rowId);
          await sql`update sync.writes set settled_at = now() where row_id = ${rowId}`;
          continue;
        }
        const told = toldByRow(connection, found);
        const task = api.get(String(found['id']));
        const one = twins.has(row.label) ? 2 : 1;
        const least = row.vis === 1 ? 0 : 1;
        if (tasks > one || tasks < least) faults.push(`${row.label}: ${tasks} tasks`);
        if (found['sync_state'] !== 'synced')
          faults.push(`row ${rowId} is ${found['sync_state']}: ${found['sync_error']}`);
        faults.push(...differences(`row ${rowId}`, row, told));
        if (row.vis !== 1) faults.push(...differences(`task ${found['id']}`, row, task));
        else if (task !== undefined && task['vis_state'] !== '1')
          faults.push(`task ${found['id']} is not deleted`);
        if (open.some((write) => String(write['row_id']) === rowId))
          faults.push(`row ${rowId} has an open write`);
      }
      const ids = new Set(rows.map((row) => String(row['id'])));
      for (const [id, task] of api)
        if (task['vis_state'] !== '1' && !ids.has(id)) faults.push(`task ${id} (${task['name']}) has no row`);
      return faults;
    },
  };

  function differences(what: string, row: Wanted, told: Told | undefined): readonly string[] {
    if (told === undefined) return [`${what} (${row.label}) is not there`];
    const theirs = told[connection === 'invoiced' ? 'user_id' : 'description'];
    return [
      ...(told['name'] === row.name ? [] : [`${what} is named ${told['name']} and not ${row.name}`]),
      ...(theirs === row.theirs ? [] : [`${what} says ${theirs} and not ${row.theirs}`]),
      ...(told['vis_state'] === String(row.vis)
        ? []
        : [`${what} is ${told['vis_state']} and not ${row.vis}`]),
    ];
  }
}
