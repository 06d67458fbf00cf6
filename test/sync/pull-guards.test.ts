import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/mirror/database.js';
import { until } from '../servers/index.js';
import { expectEqual } from './equality.js';
import { remote } from './remote.js';
import { stalling } from './stalling.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 250 }, freshbooks: { tasks: 250 } } });
});
afterEach(() => world.close());

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

  test('a walk that another one took up and ended first is left alone', async () => {
    expectOutcome(await world.walk(connection), 'ok');
    await stopped();
    expect(await world.sql`select from sync.walks`).toHaveLength(1);
    // We have looked at it; before we take its lease another one goes on with it to its end.
    const late = world.as({ db: beforeTransaction(1, () => world.walk(connection)) });
    expect(await late.walk(connection)).toMatchObject({ state: 'busy' });
    expect(await world.sql`select from sync.walks`).toEqual([]);
    await expectEqual(world, connection);
  });

  test('a walk is not gone on with by one that saw it just before its end', async () => {
    expectOutcome(await world.walk(connection), 'ok');
    const { sql } = world;
    const gate = await gateBeforeForgetting();
    const ending = endingAtWill();
    const first = ending.walk(connection);
    await until('all but the end is done', async () => {
      const [walk] = await sql`select from sync.walks where batches > 0 and position is null`;
      return walk !== undefined;
    });
    let second = null as Awaited<ReturnType<typeof world.walk>> | null;
    const late = world
      .as({
        db: beforeTransaction(1, async () => {
          ending.end();
          await until('the first is about to forget the walk', () => someWait(1));
        }),
      })
      .walk(connection)
      .then((result) => {
        second = result;
      });
    await until('the second waits too, or is done', async () => second !== null || (await someWait(2)));
    await gate.open();
    expectOutcome(await first, 'ok');
    await late;
    expect(second).toMatchObject({ state: 'busy' });
    expect(await sql`select from sync.walks`).toEqual([]);
    expect(await sql`select from sync.runs where outcome = 'ok'`).toHaveLength(2);
    await expectEqual(world, connection);
  });

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
    return {
      open: async () => {
        await keeper`select pg_advisory_unlock(1)`;
        keeper.release();
      },
    };
  }

  async function someWait(least: number): Promise<boolean> {
    const waiting = await world.sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return waiting.length >= least;
  }

  /** Breaks a walk off after its first page. */
  async function stopped(): Promise<void> {
    const stop = new AbortController();
    const walking = stalling(world, 1).walk(connection, { signal: stop.signal });
    for (;;) {
      const [kept] = await world.sql`select from sync.walks where batches > 0`;
      if (kept !== undefined) break;
    }
    stop.abort(new Error('stopped'));
    await walking;
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
