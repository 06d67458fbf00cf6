import { expect, test, vi } from 'vitest';
import { runProgram } from '../daemon/process.js';
import { openWorld, type World } from '../daemon/world.js';
import { until } from '../servers/index.js';
import { makeFolder, run } from './command.js';

// Daemons read several accounts first, which takes its time where the machine is busy.
vi.setConfig({ testTimeout: 120_000 });
const LONGEST_MS = 30_000;

const WEST = 'west-api-key-0001';
const worldOf = () =>
  openWorld({
    sandbox: {
      invoiced: {
        tasks: 12,
        further: [
          { apiKey: WEST, tasks: 7 },
          { apiKey: 'east-api-key-0002', tasks: 5 },
        ],
      },
      freshbooks: { tasks: 9, further: { bQ7rT2: 4 } },
    },
  });

const rowsOf = async ({ sql }: World, connection: string): Promise<number> => {
  const rows = await sql`
    select from invoiced.tasks where connection = ${connection}
    union all select from freshbooks.tasks where connection = ${connection}`;
  return rows.length;
};
const isRead = (world: World, connection: string) =>
  until(
    `${connection} is read`,
    async () => (await world.sql`select from sync.cursors where connection = ${connection}`).length === 1,
    LONGEST_MS,
  );

test('an account is added by a process that is told its key on standard input, and a running daemon reads it within seconds', async () => {
  const world = await worldOf();
  // Only the notice can be as fast.
  await world.start({}, { reconcileEvery: 600_000 });
  const program = runProgram(
    ['connections', 'add', 'west', '--source', 'invoiced', '--base-url', world.sandbox.invoiced.url],
    { env: world.env, folder: makeFolder() },
  );
  program.type(`${WEST}\n`);
  expect({ code: await program.ended, errors: program.errors() }).toMatchObject({ code: 0 });
  expect(program.output()).toMatch(/^west is added/);
  expect(program.output() + program.errors()).not.toContain(WEST);

  await isRead(world, 'west');
  expect(await rowsOf(world, 'west')).toBe(7);
  world.sandbox.invoiced.further[0]?.people.create({ name: 'Made in the west' });
  await until(
    'it is polled',
    async () => (await world.sql`select from invoiced.tasks where name = 'Made in the west'`).length === 1,
    LONGEST_MS,
  );
  await world.sql`
    insert into invoiced.tasks (connection, name, action, due_date) values ('west', 'Made here', 'phone', '2026-12-01Z')`;
  await until('it is pushed', () =>
    [...(world.sandbox.invoiced.further[0]?.people.tasks() ?? [])].some(({ name }) => name === 'Made here'),
  );
  const stored = await world.sql`select * from sync.credentials`;
  expect(stored).toHaveLength(2);
  expect(JSON.stringify(stored)).not.toContain(WEST);
  expect(JSON.stringify(world.lines)).not.toContain(WEST);

  const { output } = await run(['connections', '--json'], { env: world.env });
  expect(JSON.parse(output)).toMatchObject({
    connections: [
      { name: 'freshbooks', from: 'environment', source: 'freshbooks' },
      { name: 'invoiced', from: 'environment', credential: null },
      { name: 'west', from: 'command', state: 'ok', base_url: world.sandbox.invoiced.url },
    ],
    removed: [],
  });
});

test("one account's bad key stops that account, and no other", async () => {
  const world = await worldOf();
  await world.start();
  await add(world, 'west', WEST);
  await add(world, 'east', 'east-api-key-0002');
  await Promise.all(['west', 'east'].map((name) => isRead(world, name)));
  const [west, east] = world.sandbox.invoiced.further;
  if (west) west.options.apiKey = 'changed-at-the-api';
  await until(
    'the one that was changed says so',
    async () =>
      (
        await world.sql`select from sync.connections where name = 'west' and problem like '%401 unauthorized%'`
      ).length === 1,
    LONGEST_MS,
  );
  for (const people of [east?.people, world.sandbox.invoiced.people]) people?.create({ name: 'After that' });
  await until(
    'the others go on',
    async () => (await world.sql`select from invoiced.tasks where name = 'After that'`).length === 2,
    LONGEST_MS,
  );
  const problems = await world.sql`select name from sync.connections where problem is not null`;
  expect(problems).toEqual([{ name: 'west' }]);
});

test('an account whose secret no key opens stays out alone while the daemon runs, and is named', async () => {
  const world = await worldOf();
  await world.start({}, { reconcileEvery: 100 });
  await isRead(world, 'invoiced');
  await world.sql`
    insert into sync.credentials (credential_id, source, client_id, sealed, consents, rotated_at)
    values ('foreign', 'invoiced', '', 'v1.00000000.a.b.c', '{}', now())`;
  await world.sql`
    insert into sync.connections (name, source, origin, address, credential_id, poll_every_ms, sweep_every_ms)
    values ('foreign', 'invoiced', 'command', ${world.sandbox.invoiced.url}, 'foreign', 300, 60000)`;
  await until('it is told', () =>
    world.lines.some(
      ({ connection, msg }) => connection === 'foreign' && /CREDENTIALS_KEY does not open/.test(String(msg)),
    ),
  );
  world.sandbox.invoiced.people.create({ name: 'After that' });
  await until(
    'the others go on',
    async () => (await world.sql`select from invoiced.tasks where name = 'After that'`).length === 1,
    LONGEST_MS,
  );
});

test('what can not be right is refused before anything is stored, with the cure', async () => {
  const world = await worldOf();
  const { sandbox, env } = world;
  const invoiced = ['--source', 'invoiced', '--base-url', sandbox.invoiced.url];
  const refused = async (code: number, args: readonly string[], words: RegExp, more: object = {}) => {
    const result = await run(['connections', ...args], { env: { ...env, ...more }, input: `${WEST}\n` });
    expect({ ...result, errors: result.errors.split('\n').at(-2) }).toMatchObject({
      code,
      output: '',
      errors: expect.stringMatching(words),
    });
  };
  await refused(2, ['add', 'west', ...invoiced], /CREDENTIALS_KEY/, {
    CREDENTIALS_KEY: '',
    FRESHBOOKS_ACCOUNT_ID: '',
  });
  await refused(2, ['add', 'no name', ...invoiced], /letters, digits/);
  await refused(2, ['add', 'freshbooks', ...invoiced], /can't be called freshbooks/);
  await refused(2, ['add', 'invoiced', ...invoiced], /There is a connection invoiced already/);
  await refused(
    2,
    ['add', 'west', ...invoiced, '--account-id', 'x'],
    /takes no option that is for FreshBooks/,
  );
  await refused(2, ['add', 'west', ...invoiced, '--key-file', '/no/such/file'], /can't be read \(ENOENT\)/);
  await refused(2, ['add', 'west'], /--source/);
  await refused(2, ['remove', 'nobody'], /no connection nobody/);
  await refused(2, ['remove', 'invoiced'], /unset INVOICED_API_KEY/);
  const wrong = await run(['connections', 'add', 'west', ...invoiced], { env, input: 'wrong-key\n' });
  expect(wrong).toMatchObject({ code: 1, errors: expect.stringMatching(/Nothing was added: .*401/) });
  const twice = await run(['connections', 'add', 'west', ...invoiced], {
    env,
    input: sandbox.invoiced.apiKey,
  });
  expect(twice).toMatchObject({ code: 2, errors: expect.stringMatching(/invoiced has this key already/) });
  expect(await world.sql`select from sync.credentials`).toEqual([]);
  expect(await world.sql`select from sync.connections`).toEqual([]);

  await add(world, 'west', WEST);
  const other = { ...env, CREDENTIALS_KEY: Buffer.alloc(32, 1).toString('base64') };
  expect(await run(['connections', 'add', 'east', ...invoiced], { env: other, input: 'x' })).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/CREDENTIALS_KEY does not open/),
  });
});

test('a removal waits for edits, keeps the rows, and one of the same name takes them up again', async () => {
  const world = await worldOf();
  await world.start();
  await add(world, 'west', WEST);
  await isRead(world, 'west');
  const people = world.sandbox.invoiced.further[0]?.people;
  // So that the edit waits.
  expect((await run(['pause', 'west'], { env: world.env })).code).toBe(0);
  await world.sql`
    update invoiced.tasks set name = 'Edited here' where row_id = (select min(row_id) from invoiced.tasks where connection = 'west')`;
  for (const more of [[], ['--drop-rows']]) {
    expect(await run(['connections', 'remove', 'west', ...more], { env: world.env })).toMatchObject({
      code: 1,
      errors: expect.stringMatching(
        /Nothing was removed: west has 1 local edit waiting to be sent.*taskmirror plan.*--abandon-edits/,
      ),
    });
  }
  expect(await rowsOf(world, 'west')).toBe(7);

  const removed = await run(['connections', 'remove', 'west', '--abandon-edits'], { env: world.env });
  expect(removed).toMatchObject({
    code: 0,
    output: expect.stringMatching(/7 rows stay readable[\s\S]*1 local edit unsent/),
  });
  const leftovers = await world.sql`
    select from sync.leases where connection = 'west' union all select from sync.cursors where connection = 'west'
    union all select from sync.runs where connection = 'west' and finished_at is null`;
  expect(leftovers).toEqual([]);
  expect(await world.sql`select credential_id from sync.credentials`).toEqual([
    { credential_id: 'freshbooks' },
  ]);
  const left = JSON.parse((await run(['connections', '--json'], { env: world.env })).output);
  expect(left.removed).toEqual([{ name: 'west', source: 'invoiced', rows: 7, unsent: 1 }]);
  await expect(
    world.sql`insert into invoiced.tasks (connection, name, action, due_date) values ('west', 'x', 'phone', now())`,
  ).rejects.toThrow(/no connection "west"/);

  const before = await world.sql`select row_id, id from invoiced.tasks where connection = 'west' order by 1`;
  await add(world, 'west', WEST);
  await until(
    'the edit is sent after all',
    () => [...(people?.tasks() ?? [])].some(({ name }) => name === 'Edited here'),
    LONGEST_MS,
  );
  await isRead(world, 'west');
  expect(await world.sql`select row_id, id from invoiced.tasks where connection = 'west' order by 1`).toEqual(
    before,
  );

  await until('nothing waits', async () => {
    const rows = await world.sql`select from invoiced.tasks where sync_state <> 'synced'`;
    return rows.length === 0;
  });
  expect((await run(['connections', 'remove', 'west'], { env: world.env })).code).toBe(0);
  expect((await run(['connections', 'remove', 'west', '--drop-rows'], { env: world.env })).code).toBe(0);
  expect(await rowsOf(world, 'west')).toBe(0);
  expect(await world.sql`select from sync.runs where connection = 'west'`).toEqual([]);
  expect([...(people?.tasks() ?? [])]).toHaveLength(7);
});

test('a further FreshBooks account uses the consent of the first, in one credential', async () => {
  const world = await worldOf();
  await world.start();
  await isRead(world, 'freshbooks');
  const source = ['--source', 'freshbooks', '--share', 'freshbooks'];
  const wrong = await run(['connections', 'add', 'second', ...source, '--account-id', 'nobody'], {
    env: world.env,
  });
  expect(wrong).toMatchObject({
    code: 1,
    errors: expect.stringMatching(/can't enter the account nobody, only xZNQ1X, bQ7rT2/),
  });
  const twin = await run(['connections', 'add', 'second', ...source, '--account-id', 'xZNQ1X'], {
    env: world.env,
  });
  expect(twin).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/freshbooks has the account xZNQ1X already/),
  });
  // Chosen from the list.
  const added = await run(['connections', 'add', 'second', ...source], { env: world.env, input: '2\n' });
  expect(added).toMatchObject({
    code: 0,
    output: expect.stringMatching(/second is added \(account bQ7rT2\)/),
  });
  await isRead(world, 'second');
  expect(await rowsOf(world, 'second')).toBe(4);
  expect(
    await world.sql`select distinct credential_id from sync.connections where source = 'freshbooks'`,
  ).toEqual([{ credential_id: 'freshbooks' }]);
});

async function add(world: World, name: string, key: string): Promise<void> {
  const url = world.sandbox.invoiced.url;
  const args = ['connections', 'add', name, '--source', 'invoiced', '--base-url', url];
  expect(await run(args, { env: world.env, input: key })).toMatchObject({ code: 0 });
}
