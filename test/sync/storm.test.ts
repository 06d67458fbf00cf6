import { afterEach, describe, expect, test } from 'vitest';
import type { FreshBooksOptions } from '../../src/sandbox/freshbooks/options.js';
import type { Fault } from '../../src/sandbox/index.js';
import type { InvoicedOptions } from '../../src/sandbox/invoiced/options.js';
import { expectEqual } from './equality.js';
import { versions } from './remote.js';
import { type Connection, expectOutcome, openWorld, type World } from './world.js';

/** STORM_SEED replays a failure: each test's name has its seed. */
const seed = Number(process.env['STORM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 12;

const atInvoiced: readonly Partial<InvoicedOptions>[] = [
  {},
  { paging: 'offset', totalCount: 'fresh', extraKeys: false, mergeTouches: true, silentDeletes: false },
  { eventLoss: 0.5, eventEmpty: 0.5, cursorRepeats: false, cursorLimit: 100 },
  { eventDelay: 600_000, autumnHour: 'true', reopenClears: true, unchangedPatchTouches: false },
];
const atFreshbooks: readonly Partial<FreshBooksOptions>[] = [
  {},
  { searchVisState: 'ignored', getDeleted: 'error', listOrder: '-updated', taxes: 'absent' },
  { searchVisState: 'ignored', getDeleted: 'task', listOrder: 'updated', errorShape: 'details' },
  { searchVisState: 'alone', getDeleted: 'error', deletedStatus: 422, listOrder: 'name', errorShape: 'ok' },
  { searchZone: 'utc', listOrder: '-id', unreadable: 130, projectDefault: 'present', errorShape: 'bare' },
];

const storms = [
  ...atInvoiced.map((options, index) => ({ connection: 'invoiced' as const, options, seed: seed + index })),
  ...atFreshbooks.map((options, index) => ({
    connection: 'freshbooks' as const,
    options,
    seed: seed + 100 + index,
  })),
];

let world: World;
afterEach(() => world.close());

describe('after a storm of changes and faults, once things rest, the mirror equals the API', () => {
  test.each(storms)('$connection, seed $seed, $options', async ({ connection, options, seed }) => {
    world = await openWorld({
      sandbox: {
        seed,
        invoiced: { tasks: 180, ...(connection === 'invoiced' && { options }) },
        freshbooks: { tasks: 180, ...(connection === 'freshbooks' && { options }) },
      },
      // What hangs is given up soon.
      limits: { attempts: 3, headersMs: 400, bodyMs: 400, totalMs: 600 },
    });
    const { sandbox } = world;
    const chance = (share: number) => sandbox.random() < share;
    for (let round = 0; round < ROUNDS; round++) {
      for (let acts = Math.floor(sandbox.random() * 6); acts >= 0; acts--) act(connection);
      while (chance(0.5)) strike(connection);
      const work = round === 0 || chance(0.35) ? world.walk(connection) : world.poll(connection);
      // Some changes come while it is at work.
      if (chance(0.5)) act(connection);
      const result = await work;
      expect(['done', 'skipped']).toContain(result.state);
      if (chance(0.5)) sandbox.faults.clear();
      sandbox.clock.advance(sandbox.random() * 20 * 60_000);
    }

    sandbox.faults.clear();
    sandbox.clock.advance(11 * 60_000);
    const rest = async () => {
      // The first of them ends what a fault broke off; so many may be gone that it asks for force.
      expect(await world.walk(connection)).toMatchObject({ outcome: expect.stringMatching('ok|stopped') });
      expectOutcome(await world.walk(connection, { force: true }), 'ok');
      expectOutcome(await world.poll(connection, { force: true }), 'ok');
    };
    await rest();
    const hidden = 'searchVisState' in options && options.searchVisState === 'ignored';
    await expectEqual(world, connection, { hidden });
    expect(await world.sql`select * from sync.conflicts`).toHaveLength(0);
    expect(await world.sql`select * from sync.unreadable`).toHaveLength(0);
    expect(await world.sql`select * from sync.held_deletions`).toHaveLength(0);
    const before = await versions(world, connection);
    await rest();
    expect(await versions(world, connection)).toEqual(before);
  });
});

function act(connection: Connection): void {
  if (connection === 'invoiced') actAtInvoiced();
  else actAtFreshbooks();
}

function actAtInvoiced(): void {
  const { random, invoiced } = world.sandbox;
  const { people } = invoiced;
  const id = people.randomId();
  const task = id === undefined ? undefined : people.task(id);
  if (task === undefined) return void people.create();
  const user = task.user_id ?? 1970;
  const acts: readonly (() => unknown)[] = [
    () => people.create({ name: `Made ${random()}` }),
    () => people.create({ name: `Made ${random()}`, user_id: null, customer_id: null }),
    () => people.edit(task.id, { name: `Renamed ${random()}` }),
    () => people.edit(task.id, { due_date: Math.floor(random() * 2e9), action: 'approve_bill' }),
    () => people.complete(task.id),
    () => people.reopen(task.id),
    () => people.remove(task.id),
    () => people.settleCustomer(task.customer_id ?? 0),
    () => random() < 0.3 && people.removeCustomer(task.customer_id ?? 0),
    () => people.mergeUsers(user, random() < 0.3 ? null : user + 1),
    () => people.mergeCustomers(task.customer_id ?? 0, 480_000 + Math.floor(random() * 12)),
  ];
  acts[Math.floor(random() * acts.length)]?.();
}

function actAtFreshbooks(): void {
  const { random, freshbooks } = world.sandbox;
  const { people } = freshbooks;
  const id = people.randomId();
  if (id === undefined) return void people.createTask();
  const acts: readonly (() => unknown)[] = [
    () => people.createTask({ name: `Made ${random()}`, rate: { amount: random() * 1000, code: 'EUR' } }),
    () => people.editTask(id, { name: `Renamed ${random()}` }),
    () => people.editTask(id, { rate: { amount: random() * 1e6 }, billable: random() < 0.5, tax1: 7 }),
    () => people.editTask(id, { description: random() < 0.5 ? '' : `Described ${random()} é 漢 😀` }),
    () => people.deleteTask(id),
    () => people.restoreTask(id),
    () => people.archiveTask(id),
    () => people.touchService(),
    () => people.touchService(id, { name: `By its project ${random()}` }),
  ];
  acts[Math.floor(random() * acts.length)]?.();
}

/** One fault that strikes a few times; none that answers with falsehoods for good. */
function strike(connection: Connection): void {
  const { random, faults } = world.sandbox;
  const kinds: readonly Fault[] = [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 500, when: 'after' },
    { kind: 'status', status: 429 },
    { kind: 'status', status: 429, headers: { 'Retry-After': '0' } },
    { kind: 'status', status: 503 },
    { kind: 'html', status: 502 },
    { kind: 'html', status: 200 },
    { kind: 'cut' },
    { kind: 'cut', abrupt: true },
    { kind: 'reset' },
    { kind: 'reset', when: 'after' },
    { kind: 'hang' },
    { kind: 'slow', milliseconds: 50, when: 'after' },
    { kind: 'redirect', location: 'http://127.0.0.1:1/' },
    { kind: 'empty-list' },
    { kind: 'duplicate-row' },
    { kind: 'drop-rows', count: 3 },
    { kind: 'omit-keys', keys: ['name', 'tname', 'user_id', 'rate.amount', 'vis_state'] },
  ];
  const fault = kinds[Math.floor(random() * kinds.length)];
  const routes = ['tasks.*', 'tasks.list', connection === 'invoiced' ? 'events.list' : 'tasks.list'];
  const route = routes[Math.floor(random() * routes.length)];
  if (fault === undefined || route === undefined) return;
  faults.add({
    api: connection,
    route,
    fault,
    skip: Math.floor(random() * 3),
    times: 1 + Math.floor(random() * 4),
  });
}
