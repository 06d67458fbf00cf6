import { sql as query } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../servers/index.js';
import { atRest } from './at-rest.js';
import { type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { invoiced: { tasks: 5 }, freshbooks: { tasks: 5 } } });
});
afterEach(() => world.close());

/** No look is due yet, however long the test takes. */
const NOT_FINISHED = { enabled: true, quietMs: 0, boundMs: 0, finishedAfterMs: 3_600_000 };

describe.each(connections)('%s', (connection) => {
  const table = () => world.sql(`${connection}.tasks`);
  const row = async (rowId: unknown) =>
    (await world.sql`select * from ${table()} where row_id = ${String(rowId)}`)[0] ?? {};
  const some = async () => {
    expectOutcome(await world.walk(connection), 'ok');
    const [found] =
      await world.sql`select row_id from ${table()} where vis_state = 0 order by row_id limit 1`;
    return found?.['row_id'];
  };
  const insert = async (name: string) => {
    const [made] =
      connection === 'invoiced'
        ? await world.sql`insert into invoiced.tasks (name, action, due_date) values (${name}, 'phone', '2026-12-01Z') returning row_id`
        : await world.sql`insert into freshbooks.tasks (name) values (${name}) returning row_id`;
    return made?.['row_id'];
  };

  test('a refusal does not end the edit that was made while it was on its way', async () => {
    const rowId = await some();
    const { faults, log } = world.sandbox;
    const on = { api: connection, route: 'tasks.update', times: 1 } as const;
    faults.add({ ...on, fault: { kind: 'slow', milliseconds: 500 } });
    faults.add({ ...on, fault: { kind: 'status', status: connection === 'invoiced' ? 400 : 422 } });
    await world.sql`update ${table()} set name = 'Refused' where row_id = ${rowId}`;
    const pushing = world.push(connection);
    await until('the write is under way', () => log.count({ api: connection, route: 'tasks.update' }) > 0);
    await world.sql`update ${table()} set name = 'Edited meanwhile' where row_id = ${rowId}`;
    await pushing;
    expect(await row(rowId)).not.toMatchObject({ sync_state: 'failed' });
    await atRest(world, connection);
    expect(await row(rowId)).toMatchObject({ name: 'Edited meanwhile', sync_state: 'synced' });
  });

  test('nothing is asked for a row whose write may still be at work at the API', async () => {
    const rowId = await some();
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.update',
      times: 1,
      fault: { kind: 'reset', when: 'before' },
    });
    await world.sql`update ${table()} set name = 'Lost' where row_id = ${rowId}`;
    const early = world.as({ push: NOT_FINISHED });
    await early.push(connection);
    const mark = world.sandbox.log.mark();
    await due();
    await early.push(connection);
    expect(world.sandbox.log.entries({ api: connection, after: mark })).toEqual([]);
    await due();
    await atRest(world, connection);
    expect(await row(rowId)).toMatchObject({ name: 'Lost', sync_state: 'synced' });
  });

  test('a write that was answered while somebody held its row is looked at again as soon as the row is free', async () => {
    const rowId = await some();
    const { faults, log } = world.sandbox;
    const on = { api: connection, route: 'tasks.update' } as const;
    faults.add({ ...on, times: 1, fault: { kind: 'slow', when: 'after', milliseconds: 300 } });
    await world.sql`update ${table()} set name = 'Sent' where row_id = ${rowId}`;
    const early = world.as({ push: NOT_FINISHED });
    const pushing = early.push(connection);
    await until('the write is under way', () => log.count(on) > 0);
    await world.sql.begin(async (tx) => {
      await tx`update ${table()} set name = 'Edited meanwhile' where row_id = ${rowId}`;
      await pushing;
    });
    const open = await world.sql`select outcome, settled_at from sync.writes where row_id = ${rowId}`;
    expect(open).toEqual([{ outcome: 'ok', settled_at: null }]);
    await early.push(connection);
    expect(await row(rowId)).toMatchObject({ name: 'Edited meanwhile', sync_state: 'synced' });
    expect(await world.sql`select from sync.writes where settled_at is null`).toEqual([]);
    expect(log.count(on)).toBe(2);
  });

  test('twins are not told apart while one of them may still be being made', async () => {
    await some();
    const first = await insert('Twin');
    lose('after');
    await world.send(connection);
    // Another worker has just sent the same for another row.
    const second = await insert('Twin');
    await world.sql`
      insert into sync.writes (connection, row_id, method, path, sent)
      select connection, ${String(second)}, method, path, sent from sync.writes where row_id = ${String(first)}`;
    await world.sql`update sync.writes set sent_at = sent_at - interval '31 minutes' where row_id = ${String(first)}`;
    await due();
    await world.as({ push: { ...NOT_FINISHED, finishedAfterMs: 1_800_000 } }).push(connection);
    expect(await row(first)).toMatchObject({
      sync_state: 'pending',
      sync_error: expect.stringContaining('another create that may have made the same task'),
    });
  });

  test('which of two twins was made, where one was, is for a person to say', async () => {
    await some();
    const rows = [await insert('Twin'), await insert('Twin')];
    lose('after');
    lose('before');
    await world.push(connection);
    await atRest(world, connection);
    for (const rowId of rows) {
      expect(await row(rowId)).toMatchObject({
        sync_state: 'failed',
        id: null,
        sync_error: expect.stringContaining(`taskmirror retry ${rowId} --adopt`),
      });
    }
    expect(twinsAt(connection)).toBe(1);
  });

  test('a row that can not be put off, since somebody holds it locked, is not looked at again and again', async () => {
    await some();
    lose('before');
    const rowId = String(await insert('Held'));
    const early = world.as({ push: NOT_FINISHED });
    await early.push(connection);
    await due();
    await world.sql.begin(async (tx) => {
      await tx`select from ${table()} where row_id = ${rowId} for update`;
      const before = await runs();
      expect(await early.push(connection)).toMatchObject({ state: 'later', afterMs: 1_000 });
      expect((await runs()) - before).toBe(1);
    });
  });

  test('a push at rest leaves no run', async () => {
    await some();
    const runs = await world.sql`select run_id from sync.runs order by run_id`;
    expect(await world.push(connection)).toEqual({ state: 'skipped', reason: 'nothing is pending' });
    expect(await world.sql`select run_id from sync.runs order by run_id`).toEqual(runs);
  });

  async function runs(): Promise<number> {
    const { count } = await world.db.row<{ count: number }>(
      query`select count(*)::int as count from sync.runs`,
    );
    return count;
  }

  function lose(when: 'before' | 'after'): void {
    world.sandbox.faults.add({
      api: connection,
      route: 'tasks.create',
      times: 1,
      fault: { kind: 'reset', when },
    });
  }

  /** What was put off is due now. */
  async function due(): Promise<void> {
    await world.sql.begin(async (tx) => {
      await tx`select set_config('taskmirror.origin', 'sync', true)`;
      await tx`update ${tx(`${connection}.tasks`)} set push_after = null where push_after is not null`;
    });
  }
});

function twinsAt(connection: Connection): number {
  const tasks =
    connection === 'invoiced'
      ? [...world.sandbox.invoiced.people.tasks()]
      : [...world.sandbox.freshbooks.people.tasks()];
  return tasks.filter(({ name }) => name === 'Twin').length;
}
