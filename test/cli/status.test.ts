import { expect, test } from 'vitest';
import { active, openWorld } from '../daemon/world.js';
import { until } from '../servers/index.js';
import { run } from './command.js';

test('tells programs how each connection stands, under stable names', async () => {
  const world = await openWorld();
  await world.start();
  await until('both are read', async () => {
    const runs = await world.sql`select from sync.runs where kind = 'poll' and outcome = 'ok'`;
    return runs.length > 4 && (await active(world.sql, 'freshbooks')) === 178;
  });
  world.sandbox.invoiced.people.remove(world.sandbox.invoiced.people.randomId() ?? 0);
  await until('the deletion is there', async () => (await active(world.sql, 'invoiced')) === 233);

  const { code, output, errors } = await run(['status', '--json'], { env: world.env });
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  const document = JSON.parse(output);
  expect(document).toMatchObject({
    at: expect.stringMatching(ISO),
    connections: [{ name: 'freshbooks' }, { name: 'invoiced' }],
    queues: { poll: { workers: 1 }, walk: { workers: 1 } },
    needs: [],
  });
  expect(document.connections[1]).toMatchObject({
    source: 'invoiced',
    account: expect.any(String),
    paused: false,
    problem: null,
    last_pull_at: expect.stringMatching(ISO),
    lag_seconds: expect.any(Number),
    rows: { active: 233, archived: 0, deleted: 1 },
    pending: 0,
    failed: 0,
    conflicts: 0,
    unreadable: 0,
    next_poll_at: expect.stringMatching(ISO),
    next_sweep_at: expect.stringMatching(ISO),
    needs: [],
  });
  expect(document.connections[1].runs).toContainEqual(
    expect.objectContaining({ kind: 'read', outcome: 'ok', fetched: 234, inserted: 234 }),
  );
});

test('tells people in 80 columns, plainly, what each connection needs', async () => {
  const world = await openWorld();
  const fault = { kind: 'extra-rows', rows: [{ id: 4, name: 7 }] } as const;
  world.sandbox.faults.add({ api: 'invoiced', route: 'tasks.list', fault });
  const daemon = await world.start({ FRESHBOOKS_REFRESH_TOKEN: '' });
  await until('both have run', async () => {
    const runs = await world.sql`select distinct connection from sync.runs where outcome is not null`;
    return runs.length === 2;
  });
  await daemon.stop();
  const { code, output } = await run(['status'], { env: world.env });
  expect(code).toBe(0);
  const lines = output.split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
  expect(output).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  expect(output).toMatch(/^freshbooks: needs a person$[\s\S]*^ {2}! .*consent/m);
  expect(output).toMatch(
    /^invoiced: needs a person$[\s\S]*^ {2}! 1 task can't be mirrored; see sync.unreadable/m,
  );
  expect(output).toContain('! No worker is running: start one with npm start.');
});

test('a database that was never migrated is named with the cure', async () => {
  const world = await openWorld();
  await world.sql`drop schema sync cascade`;
  const { code, output, errors } = await run(['status'], { env: world.env });
  expect({ code, output }).toEqual({ code: 2, output: '' });
  expect(errors).toMatch(/^taskmirror: .*npm run migrate.*\n$/);
});

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
