import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/mirror/database.js';
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
