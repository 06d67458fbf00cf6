import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/mirror/database.js';
import { until } from '../servers/index.js';
import { expectEqual } from './equality.js';
import { remote } from './remote.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  closing = async () => {};
  world = await openWorld({ sandbox: { invoiced: { tasks: 250 }, freshbooks: { tasks: 250 } } });
});
/** Lets go whoever still waits, whatever failed. */
let closing = async () => {};
afterEach(async () => {
  await closing();
  await world.close();
});

describe.each(connections)('%s', (connection) => {
  test('a task that another run has inserted meanwhile stops nothing', async () => {
    expectOutcome(await world.walk(connection), 'ok');
    remote(world, connection).create('Seen by both');
    remote(world, connection).create('Seen by both too');
    // Another one has read and written the same pages between our read and our write.
    const late = world.as({ db: beforeTransaction(2, () => world.walk(connection, { full: true })) });
    expectOutcome(await late.poll(connection), 'ok');
    expect(await world.lastRun(connection)).toMatchObject({ error: null });
    await expectEqual(world, connection);
    expect(await world.sql`select * from sync.unreadable`).toEqual([]);
  });

  test.each([
    { second: 'a sweep', asked: {}, kinds: ['read', 'sweep', 'sweep'] },
    { second: 'who asked for it', asked: { id: crypto.randomUUID() }, kinds: ['read', 'resync'] },
  ])(
    'a walk that another one just ends is waited for, and not gone on with, by $second',
    async ({ asked, kinds }) => {
      expectOutcome(await world.walk(connection), 'ok');
      const { sql } = world;
      const gate = await gateBeforeForgetting();
      const ending = endingAtWill();
      const first = ending.walk(connection, asked);
      await until('all but the end is done', async () => {
        const [walk] = await sql`select from sync.walks where batches > 0 and position is null`;
        return walk !== undefined;
      });
      ending.end();
      await until('it is about to forget the walk', () => someWait(1));
      const second = world.walk(connection, asked);
      await until('the second one waits for it', () => someWait(2));
      await gate.open();
      expectOutcome(await first, 'ok');
      expectOutcome(await second, 'ok');
      expect(await sql`select from sync.walks`).toEqual([]);
      const runs = await sql`select kind, outcome, error from sync.runs order by run_id`;
      expect(runs.map(({ kind }) => kind)).toEqual(kinds);
      for (const run of runs) expect(run).toMatchObject({ outcome: 'ok', error: null });
      await expectEqual(world, connection);
    },
  );

  /** A walk that has all its pages, and waits for a word to end. */
  function endingAtWill() {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const worker = world.as({
      open: (...opening) => {
        const client = world.context.open(...opening);
        return {
          ...client,
          walk: async function* (...asked) {
            yield* client.walk(...asked);
            await ended;
          },
        };
      },
    });
    return { ...worker, end };
  }

  /** Whoever forgets a walk waits until the gate is opened. */
  async function gateBeforeForgetting() {
    const keeper = await world.sql.reserve();
    await keeper`select pg_advisory_lock(1)`;
    await keeper`
      create function wait_at_gate() returns trigger language plpgsql as $$
      begin
        perform pg_advisory_xact_lock_shared(1);
        return null;
      end $$`;
    await keeper`
      create trigger gate before delete on sync.walks for each statement execute function wait_at_gate()`;
    let shut = true;
    const open = async () => {
      if (!shut) return;
      shut = false;
      await keeper`select pg_advisory_unlock(1)`;
      keeper.release();
    };
    closing = open;
    return { open };
  }

  async function someWait(least: number): Promise<boolean> {
    const waiting = await world.sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return waiting.length >= least;
  }
});

function beforeTransaction(number: number, act: () => Promise<unknown>): Database {
  let transactions = 0;
  return {
    ...world.db,
    transaction: async (work) => {
      transactions += 1;
      if (transactions === number) await act();
      return world.db.transaction(work);
    },
  };
}
