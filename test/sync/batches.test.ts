import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databaseNow } from '../../src/mirror/database.js';
import type { LeaseKind } from '../../src/mirror/leases.js';
import { beginRun } from '../../src/mirror/runs.js';
import { sources } from '../../src/sources/index.js';
import type { Decoded, Page } from '../../src/sources/source.js';
import { applyBatch, applyPages } from '../../src/sync/apply.js';
import { beginBatch } from '../../src/sync/batch.js';
import { openTarget, type Target } from '../../src/sync/target.js';
import { remote } from './remote.js';
import { connections, expectOutcome, openWorld, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

describe.each(connections)('%s', (connection) => {
  test('a task on two pages ends as the later one shows it, though both were looked at before either was written', async () => {
    const id = remote(world, connection).create('As it is');
    expectOutcome(await world.walk(connection), 'ok');
    const now = await read(id);
    const between = renamed(now, 'As it was in between');
    const target = await opened();
    const batches = [
      await beginBatch(target, [await pageOf(between)]),
      await beginBatch(target, [await pageOf(now)]),
    ];
    for (const batch of batches)
      expect((await applyBatch(target, batch)).counts).toMatchObject({ updated: 1 });
    expect(await names()).toEqual(['As it is']);
  });

  test('a new task on two pages is inserted once, and ends as the later one shows it', async () => {
    const id = remote(world, connection).create('As it is');
    const now = await read(id);
    const target = await opened({ fresh: true });
    const batches = [
      await beginBatch(target, [await pageOf(renamed(now, 'As it was'))]),
      await beginBatch(target, [await pageOf(now)]),
    ];
    const applied = [];
    for (const batch of batches) applied.push((await applyBatch(target, batch)).counts);
    expect(applied).toMatchObject([
      { inserted: 1, updated: 0 },
      { inserted: 0, updated: 1 },
    ]);
    expect(await names()).toEqual(['As it is']);
  });

  test('a new task that somebody else has read meanwhile, later, stays as that one read it', async () => {
    const id = remote(world, connection).create('As it was');
    const target = await opened({ fresh: true });
    const ahead = await beginBatch(target, [await pageOf(await read(id))]);
    remote(world, connection).rename(id, 'As it is');
    await applyPages(await opened({ lease: 'poll' }), [await pageOf(await read(id))]);
    expect((await applyBatch(target, ahead)).counts).toMatchObject({ inserted: 0, updated: 0 });
    expect(await names()).toEqual(['As it is']);
  });

  async function opened({
    fresh = false,
    lease: kind = 'walk',
  }: {
    fresh?: boolean;
    lease?: LeaseKind;
  } = {}): Promise<Target> {
    const lease = await beginRun(world.db, { connection, kind: 'sweep', lease: kind, request: null });
    if (lease === null) throw new Error('another run has the lease');
    return openTarget(world.context, sources[connection], lease, lease.runId, fresh);
  }

  async function read(id: number): Promise<Decoded> {
    const account = world.context.account(connection);
    if (account === null) throw new Error(`there is no account ${connection}`);
    const client = world.context.open(account, 'walk', connection);
    try {
      const { answer } = await client.read(id, new AbortController().signal);
      if (answer === 'gone') throw new Error(`task ${id} is gone`);
      return answer;
    } finally {
      await client.close();
    }
  }

  async function names(): Promise<readonly string[]> {
    const rows = await world.sql<{ name: string }[]>`select name from ${world.sql(connection)}.tasks`;
    return rows.map(({ name }) => name);
  }
});

function renamed(decoded: Decoded, name: string): Decoded {
  if (!decoded.ok) throw new Error(decoded.reason);
  const { id, columns, raw } = decoded.task;
  return { ok: true, task: { id, columns: { ...columns, name }, raw: { ...raw, name } } };
}

/** Asked for and answered now. */
async function pageOf(task: Decoded): Promise<Page> {
  const now = await databaseNow(world.db);
  return {
    tasks: [task],
    requestedAt: now,
    arrival: async () => now,
    serverTime: null,
    next: null,
    total: null,
    short: false,
  };
}
