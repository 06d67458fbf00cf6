import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import type { Page } from '../../src/sources/source.js';
import { until } from '../servers/index.js';
import { expectEqual } from './equality.js';
import { cursor, remote, someId, versions } from './remote.js';
import { stalling } from './stalling.js';
import { accountOf, type Connection, connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
afterEach(() => world.close());

async function opened(tasks: number): Promise<void> {
  world = await openWorld({ sandbox: { invoiced: { tasks }, freshbooks: { tasks } } });
}

describe.each(connections)('%s', (connection) => {
  test('a first read that was stopped goes on, writes only the rest, and is followed by a sweep', async () => {
    await opened(620);
    const first = await interrupted(connection);
    expect(first).toMatchObject({ kind: 'read', outcome: 'interrupted' });
    expect(await cursor(world, connection)).toBeNull();
    expect(await world.poll(connection)).toMatchObject({ state: 'skipped' });
    const { batches, position } = await walk(connection);
    expect(batches).toBeGreaterThan(0);

    const mark = world.sandbox.log.mark();
    expectOutcome(await world.walk(connection), 'ok');
    const [again, sweep, ...more] = await runsAfter(first);
    expect([again, sweep, more]).toMatchObject([
      { kind: 'read', outcome: 'ok', inserted: 620 - Number(first['inserted']), updated: 0 },
      { kind: 'sweep', outcome: 'ok', inserted: 0, updated: 0, unchanged: 620 },
      [],
    ]);
    expect(pagesAsked(connection, mark)[0]).toBe(connection === 'invoiced' ? 1 : Number(position.page) - 1);
    // Polling begins where the first attempt began, in the API's whole seconds.
    const began = first['started_at'].getTime() * 1000;
    expect(await cursor(world, connection)).toBeGreaterThan(began - 2e6);
    expect(await cursor(world, connection)).toBeLessThanOrEqual(began + 1000);
    expect(await leftovers()).toEqual({ walks: 0, pages: 0, held: 0 });
    await expectEqual(world, connection);
  });

  test.each([
    { over: 'a mirror that is empty', fresh: true },
    { over: 'tasks that are known', fresh: false },
  ])(
    'a walk over $over that is told to stop ends behind its batch, though more has come',
    async ({ fresh }) => {
      await opened(4_000);
      if (!fresh) expectOutcome(await world.walk(connection), 'ok');
      const stop = new AbortController();
      const told: number[] = [];
      const work = { kind: 'walk', connection } as const;
      const result = await world.perform(work, stop.signal, ({ pages, rows }) => {
        told.push(pages, rows);
        stop.abort(new Error('stopped'));
      });
      expect(result).toMatchObject({ state: 'done', outcome: 'interrupted' });
      expect(told).toHaveLength(2);
      expect(await world.lastRun(connection)).toMatchObject({ outcome: 'interrupted', pages: told[0] });
      const { sql } = world;
      const [{ count = 0 } = {}] = await sql`select count(*)::int as count from ${sql(connection)}.tasks`;
      expect(count).toBe(fresh ? told[1] : 4_000);
    },
  );

  test('what changes and vanishes between the attempts of a first read is not missed', async () => {
    await opened(620);
    await interrupted(connection);
    const { ids, rename, remove, create } = remote(world, connection);
    const [early = 0, second = 0, third = 0] = ids();
    // Long ago by its time stamp, so that no poll would bring it.
    world.sandbox.clock.advance(-3 * 86_400_000);
    rename(early, 'Renamed between');
    remove(second);
    create('Made between');
    world.sandbox.clock.advance(3 * 86_400_000);
    if (connection === 'invoiced') world.sandbox.invoiced.people.remove(third);
    expectOutcome(await world.walk(connection), 'ok');
    await expectEqual(world, connection);
  });

  test('a first read that meets again what it has read merges it, and brings back no retired id', async () => {
    await opened(620);
    await interrupted(connection);
    const { rows, retired } = await touchedAmongRead();
    expectOutcome(await world.walk(connection), 'ok');
    const { sql } = world;
    const kept = await sql`
      select name, sync_state from ${sql(connection)}.tasks where id = any(${rows}::bigint[]) and id <> ${retired}`;
    expect(kept).toEqual(kept.map(() => ({ name: 'Edited here', sync_state: 'pending' })));
    expect(await sql`select from ${sql(connection)}.tasks where id = ${retired}`).toHaveLength(0);
    expect(await world.lastRun(connection)).toMatchObject({
      outcome: 'ok',
      failed: 0,
      conflicts: 0,
      error: null,
    });

    /** All that was read so far is edited here, and one of it made anew elsewhere under another id. */
    async function touchedAmongRead() {
      const edited =
        await world.sql`update ${world.sql(connection)}.tasks set name = 'Edited here' returning id::text as id`;
      const [{ id: retired = '' } = {}] = edited;
      await world.sql`insert into sync.retired_ids (connection, id, row_id) values (${connection}, ${retired}, 1)`;
      await world.sql.begin(async (tx) => {
        await tx`select set_config('taskmirror.origin', 'sync', true)`;
        await tx`delete from ${tx(connection)}.tasks where id = ${retired}`;
      });
      return { rows: edited.map(({ id }) => id), retired };
    }
  });

  test('a walk whose record the database lost begins again, and deletes nothing', async () => {
    await opened(620);
    expectOutcome(await world.walk(connection), 'ok');
    const before = await versions(world, connection);
    await interrupted(connection);
    await world.sql`truncate sync.walk_pages, sync.held_deletions`;
    const mark = world.sandbox.log.mark();
    expectOutcome(await world.walk(connection), 'ok');
    expect(pagesAsked(connection, mark)[0]).toBe(1);
    expect(await world.lastRun(connection)).toMatchObject({ kind: 'sweep', deleted: 0, fetched: 620 });
    expect(await versions(world, connection)).toEqual(before);
  });

  test('a resync that was broken off goes on when it is asked for again by its own job, not by another', async () => {
    await opened(620);
    expectOutcome(await world.walk(connection), 'ok');
    const id = crypto.randomUUID();
    await interrupted(connection, { id });
    const mark = world.sandbox.log.mark();
    const { position } = await walk(connection);
    expectOutcome(await world.walk(connection, { id }), 'ok');
    expect(pagesAsked(connection, mark)[0]).toBe(connection === 'invoiced' ? 1 : Number(position.page) - 1);

    await interrupted(connection, { id: crypto.randomUUID() });
    const later = world.sandbox.log.mark();
    expectOutcome(await world.walk(connection, { id: crypto.randomUUID() }), 'ok');
    expect(pagesAsked(connection, later)[0]).toBe(1);
    await expectEqual(world, connection);
  });

  test('a broken-off resync that a schedule goes on with is done for who asked for it', async () => {
    await opened(620);
    expectOutcome(await world.walk(connection), 'ok');
    const id = crypto.randomUUID();
    await interrupted(connection, { id });
    expectOutcome(await world.walk(connection), 'ok');
    const { run_id } = await world.lastRun(connection);
    expect(await world.walk(connection, { id })).toMatchObject({
      state: 'done',
      runId: run_id,
      outcome: 'ok',
    });
  });

  test('a walk that ended but was not closed does not stand for the next one', async () => {
    await opened(30);
    expectOutcome(await world.walk(connection), 'ok');
    const { run_id } = await world.lastRun(connection);
    const { sql } = world;
    const run = String(run_id);
    await sql`
      insert into sync.walks (connection, walk_id, run_id, kind, force, started_at, batches)
      values (${connection}, ${run}, ${run}, 'sweep', false, now(), 1)`;
    await sql`insert into sync.walk_pages (walk_id, batch, ids) values (${run}, 1, '{1}')`;
    const id = someId(world, connection);
    world.sandbox.clock.advance(-10 * 86_400_000);
    remote(world, connection).rename(id, 'Renamed after it');
    expectOutcome(await world.walk(connection), 'ok');
    await expectEqual(world, connection);
  });

  test('a run whose lease went to another commits nothing more', async () => {
    await opened(30);
    expectOutcome(await world.walk(connection), 'ok');
    remote(world, connection).rename(someId(world, connection), 'Renamed there');
    const before = await versions(world, connection);
    const robbed = world.as({
      open: (...opening) => {
        const client = world.context.open(...opening);
        const rob = async function* (pages: AsyncIterable<Page>) {
          for await (const page of pages) {
            await world.sql`update sync.leases set run_id = run_id + 1000, ends_at = clock_timestamp() + interval '1 minute'`;
            yield page;
          }
        };
        return {
          ...client,
          changes: (...asked) => rob(client.changes(...asked)),
          walk: (...asked) => rob(client.walk(...asked)),
        };
      },
    });
    for (const work of [robbed.poll, robbed.walk]) {
      expectOutcome(await work(connection), 'interrupted');
      expect(await versions(world, connection)).toEqual(before);
      await endLeases();
    }
    expectOutcome(await world.walk(connection), 'ok');
    await expectEqual(world, connection);
  });

  test('two walks at once: the second finds the first at work, and polls go on', async () => {
    await opened(250);
    expectOutcome(await world.walk(connection), 'ok');
    const id = someId(world, connection, 2);
    let goOn = () => {};
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let began = false;
    const slow = world
      .as({
        open: (...opening) => {
          const client = world.context.open(...opening);
          return {
            ...client,
            walk: async function* (...asked) {
              began = true;
              await mayGoOn;
              yield* client.walk(...asked);
            },
          };
        },
      })
      .walk(connection);
    await until('it waits for its first page', () => began);
    expect(await world.walk(connection)).toMatchObject({ state: 'busy', retryAfterMs: expect.any(Number) });
    remote(world, connection).rename(id, 'Renamed meanwhile');
    expectOutcome(await world.poll(connection), 'ok');

    goOn();
    expectOutcome(await slow, 'ok');
    await expectEqual(world, connection);
  });
});

test('a killed process leaves a walk that another goes on with', async () => {
  const connection = 'freshbooks';
  await opened(620);
  world.sandbox.faults.add({ api: connection, route: 'tasks.list', fault: { kind: 'hang' }, skip: 4 });
  const database = world.db.url;
  const account = JSON.stringify(accountOf(world.sandbox, connection));
  const work = JSON.stringify({ kind: 'walk', connection });
  const script = new URL('./walker.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, database, account, work], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit');
  await until(
    'the other process has committed pages',
    async () => Number((await walk(connection)).batches) > 0,
    20_000,
  );
  expect(await world.walk(connection)).toMatchObject({ state: 'busy' });
  child.kill('SIGKILL');
  await ended;
  world.sandbox.faults.clear();
  await endLeases();
  expectOutcome(await world.walk(connection), 'ok');
  expect(await runsAfter({ run_id: '0' })).toMatchObject([
    { kind: 'read', outcome: 'interrupted', error: 'its process ended' },
    { kind: 'read', outcome: 'ok', updated: 0 },
    { kind: 'sweep', outcome: 'ok', inserted: 0, updated: 0 },
  ]);
  await expectEqual(world, connection);
});

describe('in slices', () => {
  test('a walk goes on slice by slice under one run, with polls and changes between', async () => {
    await opened(789);
    const sliced = inSlices();
    expectOutcome(await sliced.walk('freshbooks'), 'ok');
    const before = await world.lastRun('freshbooks');
    const { ids, rename, create, remove } = remote(world, 'freshbooks');
    const work = { kind: 'walk', connection: 'freshbooks', request: asked() } as const;
    let slices = 0;
    for (let state = 'continue'; state === 'continue'; slices++) {
      const result = await sliced.perform(work, new AbortController().signal, () => {});
      ({ state } = result);
      if (state === 'done') expectOutcome(result, 'ok');
      const all = ids();
      rename(all[slices] ?? 0, `Renamed after slice ${slices}`);
      remove(all.at(-1 - slices) ?? 0);
      create(`Made after slice ${slices}`);
      expectOutcome(await world.poll('freshbooks'), 'ok');
    }
    expect(slices).toBeGreaterThan(2);
    await expectEqual(world, 'freshbooks');
    const runs = await runsAfter(before);
    expect(runs.filter(({ kind }) => kind === 'resync')).toMatchObject([{ outcome: 'ok' }]);
    expect(runs.find(({ kind }) => kind === 'resync')?.['pages']).toBeGreaterThanOrEqual(9);
    expect(await leftovers()).toEqual({ walks: 0, pages: 0, held: 0 });
  });

  test("who asks during another's walk helps it to its end first, then has an own one", async () => {
    await opened(789);
    expectOutcome(await world.walk('freshbooks'), 'ok');
    const before = await world.lastRun('freshbooks');
    const sliced = inSlices();
    const signal = new AbortController().signal;
    expect(await sliced.perform({ kind: 'walk', connection: 'freshbooks' }, signal, () => {})).toEqual({
      state: 'continue',
    });
    const request = asked();
    expectOutcome(await sliced.walk('freshbooks', request), 'ok');
    expect(await runsAfter(before)).toMatchObject([
      { kind: 'sweep', outcome: 'ok', request: null },
      { kind: 'resync', outcome: 'ok', request: request.id },
    ]);
    // The sweep's own job finds nothing left to do.
    expect(
      await sliced.perform({ kind: 'walk', connection: 'freshbooks', continued: true }, signal, () => {}),
    ).toMatchObject({ state: 'skipped' });
  });

  test('a record lost between two slices fails that run, and the next begins again', async () => {
    await opened(789);
    expectOutcome(await world.walk('freshbooks'), 'ok');
    const sliced = inSlices();
    await sliced.perform({ kind: 'walk', connection: 'freshbooks' }, new AbortController().signal, () => {});
    await world.sql`truncate sync.walk_pages, sync.held_deletions`;
    expect(await sliced.walk('freshbooks')).toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('it begins again'),
    });
    expectOutcome(await world.walk('freshbooks'), 'ok');
    expect(await world.lastRun('freshbooks')).toMatchObject({ fetched: 789, deleted: 0 });
  });

  test('pages that must be read in one go are: no slice breaks the order that Invoiced asks for', async () => {
    world = await openWorld({
      sandbox: { invoiced: { tasks: 650, options: { cursorLimit: 200, cursorRepeats: false } } },
      context: { walkSliceMs: 0 },
    });
    expectOutcome(await world.walk('invoiced'), 'ok');
    expectOutcome(await world.walk('invoiced'), 'ok');
    await expectEqual(world, 'invoiced');
  });
});

/** Two pages each, however many a busy machine would have in hand at once. */
const inSlices = () => stalling(world, 2, { walkSliceMs: 0 });

const asked = () => ({ id: crypto.randomUUID(), full: true, since: null, force: false });

/** A walk that was stopped after its first pages; gives its run. */
async function interrupted(connection: Connection, request: { readonly id?: string } = {}) {
  const stop = new AbortController();
  const work = {
    kind: 'walk',
    connection,
    ...(request.id !== undefined && { request: { ...asked(), id: request.id } }),
  } as const;
  const result = await stalling(world, 3).perform(work, stop.signal, ({ pages }) => {
    if (pages === 3) stop.abort();
  });
  expect(result).toMatchObject({ state: 'done', outcome: 'interrupted' });
  return world.lastRun(connection) as Promise<Record<string, unknown> & { started_at: Date }>;
}

async function walk(connection: Connection) {
  const [found] = await world.sql`select * from sync.walks where connection = ${connection}`;
  return found ?? { batches: 0, position: null };
}

async function runsAfter({ run_id }: Record<string, unknown>) {
  return world.sql`
    select * from sync.runs where run_id > ${String(run_id)} and kind <> 'poll' order by run_id`;
}

/** The numbers of the pages of whole listings that were asked for, in order of arrival. */
function pagesAsked(connection: Connection, after: number): readonly number[] {
  return world.sandbox.log
    .entries({ api: connection, route: 'tasks.list', after })
    .map(({ query }) => Number(new URLSearchParams(query).get('page')))
    .filter((page) => page > 0);
}

/** As when the processes that held them had been gone for long. */
async function endLeases(): Promise<void> {
  await world.sql`update sync.leases set ends_at = clock_timestamp() - interval '1 second'`;
}

async function leftovers() {
  const [count] = await world.sql`
    select (select count(*)::int from sync.walks) as walks, (select count(*)::int from sync.walk_pages) as pages,
      (select count(*)::int from sync.held_deletions) as held`;
  return { ...count };
}
