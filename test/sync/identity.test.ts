import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databaseNow } from '../../src/mirror/database.js';
import { systemRuntime } from '../../src/runtime.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.js';
import { openSource } from '../../src/sources/index.js';
import { expectEqual } from './equality.js';
import { remote, versions } from './remote.js';
import {
  accountOf,
  type Connection,
  connections,
  expectOutcome,
  openWorld,
  type Worker,
  type World,
} from './world.js';

let world: World;
let other: Sandbox;
beforeEach(async () => {
  const tasks = 25;
  world = await openWorld({ sandbox: { invoiced: { tasks }, freshbooks: { tasks } } });
  other = await startSandbox({
    seed: 99,
    startAt: Date.now() - 40 * 86_400_000,
    invoiced: { tasks: 40 },
    freshbooks: { tasks: 40 },
  });
});
afterEach(async () => {
  await other.close();
  await world.close();
});

describe.each(connections)('%s', (connection) => {
  test('another account behind the name stops the connection before anything is merged, and says so', async () => {
    await world.walk(connection);
    const before = await versions(world, connection);
    for (const worker of [atOther(), atOther()]) {
      for (const work of [worker.poll, worker.walk]) {
        expectOutcome(await work(connection), 'failed');
        expect(await versions(world, connection)).toEqual(before);
        expect(await known(connection)).toMatchObject({
          base_url: world.sandbox[connection].url,
          problem: expect.stringContaining(`The account behind ${connection} is not the one`),
        });
      }
    }
    // Put back, it goes on as if nothing had been.
    expectOutcome(await world.poll(connection), 'ok');
    expectOutcome(await world.walk(connection), 'ok');
    expect(await known(connection)).toMatchObject({ problem: null });
    await expectEqual(world, connection);
  });

  test('an empty account behind the name is another one too', async () => {
    await world.walk(connection);
    const before = await versions(world, connection);
    const empty = await startSandbox();
    try {
      expectOutcome(await atOther(empty).walk(connection), 'failed');
      expect(await versions(world, connection)).toEqual(before);
      expect((await known(connection))['problem']).toContain('is not the one');
    } finally {
      await empty.close();
    }
  });

  test('the same account at another address is recognised, once', async () => {
    await world.walk(connection);
    other.restore(world.sandbox.snapshot());
    remote({ ...world, sandbox: other }, connection).create('Made at the new address');
    expectOutcome(await atOther().poll(connection), 'ok');
    expect(await known(connection)).toMatchObject({ base_url: other[connection].url, problem: null });
    await expectEqual({ ...world, sandbox: other }, connection);
    const mark = other.log.mark();
    expectOutcome(await atOther().poll(connection), 'ok');
    expect(other.log.entries({ after: mark }).map(({ route }) => route)).not.toContain('tasks.get');
    expect(other.log.entries({ after: mark }).map(({ route }) => route)).not.toContain('tasks.read');
  });

  test('some tasks that are gone do not make it another account', async () => {
    await world.walk(connection);
    other.restore(world.sandbox.snapshot());
    const there = remote({ ...world, sandbox: other }, connection);
    const ids = there.ids();
    for (const id of [...ids.slice(0, 4), ...ids.slice(-4)]) there.remove(id);
    expectOutcome(await atOther().poll(connection), 'ok');
    await expectEqual({ ...world, sandbox: other }, connection);
  });

  test('an API that fails while the account is looked at is no other account', async () => {
    await world.walk(connection);
    other.faults.add({ api: connection, route: '*', fault: { kind: 'status', status: 500 } });
    expectOutcome(await atOther().poll(connection), 'failed');
    expect(await known(connection)).toMatchObject({ base_url: world.sandbox[connection].url, problem: null });
  });
});

test("a new key of the same Invoiced account goes on, another account's key does not", async () => {
  await world.walk('invoiced');
  const before = await known('invoiced');
  world.sandbox.invoiced.options.apiKey = 'a-new-key';
  expectOutcome(await world.poll('invoiced'), 'ok');
  expect((await known('invoiced'))['key_fingerprint']).not.toBe(before['key_fingerprint']);
  expect(JSON.stringify(await known('invoiced'))).not.toContain('a-new-key');

  const mirrored = await versions(world, 'invoiced');
  world.sandbox.restore(other.snapshot());
  world.sandbox.invoiced.options.apiKey = 'the-key-of-another';
  expectOutcome(await world.poll('invoiced'), 'failed');
  expect((await known('invoiced'))['problem']).toContain('was made at another time');
  expect(await versions(world, 'invoiced')).toEqual(mirrored);
});

test('another FreshBooks account id is refused without asking', async () => {
  await world.walk('freshbooks');
  const mark = world.sandbox.log.mark();
  const worker = world.as({
    account: (name) => {
      const account = accountOf(world.sandbox, name);
      return account?.source === 'freshbooks' ? { ...account, accountId: 'OTHER1' } : account;
    },
  });
  expectOutcome(await worker.poll('freshbooks'), 'failed');
  expect((await known('freshbooks'))['problem']).toContain(
    'FRESHBOOKS_ACCOUNT_ID was xZNQ1X and is now OTHER1',
  );
  expect(world.sandbox.log.count({ after: mark })).toBe(0);
});

/** A worker whose connections lead to another sandbox, with tokens that are good there. */
function atOther(sandbox = other): Worker {
  const tokens = {
    accessToken: 'sandbox-access-token',
    refreshToken: sandbox.freshbooks.refreshToken,
    expiresAt: 0,
  };
  return world.as({
    account: (name) => accountOf(sandbox, name),
    open: (account, share) =>
      openSource(account, {
        runtime: systemRuntime,
        observe: () => databaseNow(world.db),
        share,
        tokens: {
          read: async () => tokens,
          rotate: async () => {
            const granted = sandbox.freshbooks.oauth.grant();
            return { ...tokens, accessToken: granted.access_token };
          },
        },
        limits: { pauseMs: 2, maxPauseMs: 10 },
      }),
  });
}

async function known(connection: Connection): Promise<Record<string, unknown>> {
  const [found] = await world.sql`select * from sync.connections where name = ${connection}`;
  return found ?? {};
}
