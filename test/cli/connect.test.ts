import { expect, test, vi } from 'vitest';
import { type Program, runProgram } from '../daemon/process.js';
import { openWorld, type World } from '../daemon/world.js';
import { until } from '../servers/index.js';
import { makeFolder, run } from './command.js';

// Each command is a process of its own, beside daemons.
vi.setConfig({ testTimeout: 120_000 });
const LONGEST_MS = 30_000;

test('a connection without consent stands in status, and goes on within seconds of the consent; the others never wait', async () => {
  const world = await openWorld();
  const daemon = await world.start({ FRESHBOOKS_REFRESH_TOKEN: '' }, { reconcileEvery: 600_000 });
  await isRead(world, 'invoiced');
  await until(
    'it is told',
    async () => (await world.sql`select from sync.connections where problem is not null`).length > 0,
  );
  const status = await run(['status'], { env: world.env });
  expect(status.output.replace(/\s+/g, ' ')).toMatch(
    /There is no consent yet: a person gives it with taskmirror connect/,
  );

  const program = connect(world, 'freshbooks');
  const address = await printed(program);
  expect(address.searchParams.get('scope')).toBe(
    'user:billable_items:read user:billable_items:write user:profile:read',
  );
  program.type(`${await agree(address)}\n`);
  expect({ code: await program.ended, errors: program.errors() }).toMatchObject({ code: 0 });
  expect(program.output()).toMatch(
    /stored, encrypted, for freshbooks\.\nfreshbooks \(account xZNQ1X\) goes on/,
  );
  await isRead(world, 'freshbooks');
  const { connections } = JSON.parse((await run(['status', '--json'], { env: world.env })).output);
  expect(connections.map(({ problem }: { problem: string | null }) => problem)).toEqual([null, null]);

  // The environment's token is older than the consent: it must not come back with the next start.
  await daemon.stop();
  await world.start();
  await followsAt(world, 'freshbooks', 'After the restart');
});

test('an address with another state is refused, so is a refusal, and nothing is used up', async () => {
  const world = await openWorld();
  const mark = world.sandbox.log.mark();
  const forged = connect(world, 'freshbooks');
  const agreed = new URL(await agree(await printed(forged)));
  agreed.searchParams.set('state', 'of-another-consent');
  forged.type(`${agreed.href}\n`);
  expect(await forged.ended).toBe(1);
  expect(forged.errors()).toMatch(/belongs to another consent .*Nothing was changed/);

  const refused = connect(world, 'freshbooks');
  await printed(refused);
  refused.type('https://localhost/callback?error=access_denied\n');
  expect(await refused.ended).toBe(1);
  expect(refused.errors()).toMatch(/gave no consent \(access_denied\)/);

  const stale = connect(world, 'freshbooks');
  await printed(stale);
  expect(world.sandbox.log.count({ after: mark, route: 'oauth.token' })).toBe(0);
  stale.type('0123456789abcdef\n');
  expect(await stale.ended).toBe(1);
  expect(stale.errors()).toMatch(/does not take the code: it works once, within five minutes/);
  expect(await world.sql`select from sync.credentials`).toEqual([]);
});

test("a second consent of one user kills the first's token, and both connections go on with the new one", async () => {
  const world = await openWorld({
    sandbox: { invoiced: { tasks: 1 }, freshbooks: { tasks: 9, further: { bQ7rT2: 4 } } },
  });
  await world.start();
  await isRead(world, 'freshbooks');
  await addFreshbooks(world, 'second');
  const program = connect(world, 'second');
  // The code alone, and then the account by its number.
  program.type(`${new URL(await agree(await printed(program))).searchParams.get('code')}\n2\n`);
  expect({ code: await program.ended, errors: program.errors() }).toMatchObject({ code: 0 });
  expect(program.output()).toMatch(/for freshbooks and second\.\nsecond \(account bQ7rT2\)/);

  const [one, ...others] = await world.sql`select credential_id, api_user from sync.credentials`;
  expect(others).toEqual([]);
  expect(one?.['api_user']).toBe(`712052 at ${world.sandbox.freshbooks.url}`);
  await isRead(world, 'second');
  // Whoever kept the first token would be refused at the next refresh.
  world.sandbox.clock.advance(13 * 3_600_000);
  await followsAt(world, 'freshbooks', 'In the first account');
  const second = world.sandbox.freshbooks.peopleOf('bQ7rT2');
  second.createTask({ name: 'In the second account' });
  await isMirrored(world, 'In the second account');
  const failed = await world.sql`select from sync.credentials where problem is not null`;
  expect(failed).toEqual([]);
});

test('another user has a credential of their own, and leaves the first one alone', async () => {
  const world = await openWorld({
    sandbox: { invoiced: { tasks: 1 }, freshbooks: { tasks: 9, further: { bQ7rT2: 4 } } },
  });
  await world.start();
  await isRead(world, 'freshbooks');
  await addFreshbooks(world, 'theirs', '--account-id', 'bQ7rT2');
  world.sandbox.freshbooks.options.userId = 99;
  const program = connect(world, 'theirs');
  program.type(`${await agree(await printed(program))}\n`);
  expect({ code: await program.ended, errors: program.errors() }).toMatchObject({ code: 0 });
  expect(program.output()).toMatch(/for theirs\.\n/);
  await isRead(world, 'theirs');
  const users = await world.sql`select split_part(api_user, ' ', 1) as user from sync.credentials order by 1`;
  expect(users.map((row) => row['user'])).toEqual(['712052', '99']);
  world.sandbox.clock.advance(13 * 3_600_000);
  await followsAt(world, 'freshbooks', 'Still with the first consent');
});

test('a consent without all scopes is stored, and says what is missing', async () => {
  const world = await openWorld();
  const program = connect(world, 'freshbooks');
  const address = await printed(program);
  address.searchParams.set('scope', 'user:billable_items:read user:profile:read');
  program.type(`${await agree(address)}\n`);
  expect(await program.ended).toBe(0);
  expect(program.errors()).toMatch(/lacks the scope user:billable_items:write/);
});

test('who can not be connected is told why', async () => {
  const world = await openWorld();
  await world.sql`insert into sync.connections (name, source, poll_every_ms, sweep_every_ms) values ('invoiced', 'invoiced', 1, 1)`;
  expect(await run(['connect', 'invoiced'], { env: world.env })).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/takes an API key and no consent/),
  });
  expect(await run(['connect', 'nobody'], { env: world.env })).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/connections add nobody --source freshbooks/),
  });
  const env = {
    ...world.env,
    FRESHBOOKS_CLIENT_ID: '',
    FRESHBOOKS_CLIENT_SECRET: '',
    FRESHBOOKS_REDIRECT_URI: '',
    FRESHBOOKS_REFRESH_TOKEN: '',
  };
  expect(await run(['connect', 'freshbooks'], { env })).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/There is no OAuth application: set FRESHBOOKS_CLIENT_ID/),
  });
});

function connect(world: World, name: string): Program {
  return runProgram(['connect', name], { env: world.env, folder: makeFolder() });
}

/** The address that it printed for a person to open. */
function printed(program: Program): Promise<URL> {
  return until(
    'the address is printed',
    () => {
      const address = /^http\S+$/m.exec(program.output())?.[0];
      return address !== undefined && program.errors().includes('Address or code') ? new URL(address) : null;
    },
    LONGEST_MS,
  );
}

/** A person opens the address and agrees: the address that they are led to. */
async function agree(address: URL): Promise<string> {
  const answer = await fetch(address, { redirect: 'manual' });
  return answer.headers.get('location') ?? '';
}

async function addFreshbooks(world: World, name: string, ...more: string[]): Promise<void> {
  const url = world.sandbox.freshbooks.url;
  const args = ['connections', 'add', name, '--source', 'freshbooks', '--base-url', url, ...more];
  expect(await run(args, { env: world.env })).toMatchObject({
    code: 0,
    output: expect.stringMatching(new RegExp(`taskmirror connect ${name}`)),
  });
}

async function followsAt(world: World, connection: string, name: string): Promise<void> {
  expect(connection).toBe('freshbooks');
  world.sandbox.freshbooks.people.createTask({ name });
  await isMirrored(world, name);
}

const isMirrored = (world: World, name: string) =>
  until(
    `${name} is mirrored`,
    async () => (await world.sql`select from freshbooks.tasks where name = ${name}`).length === 1,
    LONGEST_MS,
  );

const isRead = (world: World, connection: string) =>
  until(
    `${connection} is read`,
    async () => (await world.sql`select from sync.cursors where connection = ${connection}`).length === 1,
    LONGEST_MS,
  );
