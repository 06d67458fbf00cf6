import { describe, expect, test } from 'vitest';
import { parseSince } from '../../src/cli/resync/since.js';
import { active, openWorld, type World } from '../daemon/world.js';
import { until } from '../servers/index.js';
import { begin, run } from './command.js';

test('--full --wait re-reads everything, and ends with 0 and the counts', async () => {
  const world = await openWorld();
  await world.start();
  await isRead(world);
  const { code, output, errors } = await run(['resync', '--full', '--wait'], { env: world.env });
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(output).toMatch(/^invoiced: a full resync was enqueued/m);
  expect(output).toMatch(/^invoiced {4}done: 234 rows on 3 pages: /m);
  expect(output).toMatch(/^freshbooks {2}done: 178 rows on /m);
});

test('--wait says that no worker is there, and goes on when one comes', async () => {
  const world = await openWorld();
  const before = await world.start();
  await isRead(world);
  await before.stop();
  const args = ['resync', '--connection', 'invoiced', '--since', '2h', '--wait'];
  const command = begin(args, { env: world.env });
  await until('it says so', () =>
    command.output().includes('no worker is running: start one with npm start'),
  );
  await world.start();
  expect(await command.code).toBe(0);
  expect(command.output()).toMatch(/^invoiced {2}done: /m);
});

test('a request that fails ends with 1 and the reason', async () => {
  const world = await openWorld();
  await world.start();
  await isRead(world);
  world.sandbox.faults.add({ api: 'invoiced', route: '*', fault: { kind: 'status', status: 403 } });
  const { code, output } = await run(['resync', '--connection', 'invoiced', '--full', '--wait'], {
    env: world.env,
  });
  expect(code).toBe(1);
  expect(output).toMatch(/^invoiced {2}failed: .*403 forbidden/m);
});

test('the brake ends it with 1 and names --force, which goes on', async () => {
  const world = await openWorld();
  await world.start({ POLL_EVERY: '1h' });
  await isRead(world);
  const { people } = world.sandbox.invoiced;
  for (const { id } of [...people.tasks()].slice(0, 100)) people.remove(id);
  const full = ['resync', '--connection', 'invoiced', '--full', '--wait'];
  const braked = await run(full, { env: world.env });
  expect(braked.code).toBe(1);
  expect(braked.output).toMatch(/^invoiced {2}stopped: 100 of 234 .*--full --force/m);
  expect(await active(world.sql, 'invoiced')).toBe(234);
  const status = await run(['status'], { env: world.env });
  expect(status.output).toContain('! The last resync stopped: 100 of 234 active tasks');

  expect((await run([...full, '--force'], { env: world.env })).code).toBe(0);
  expect(await active(world.sql, 'invoiced')).toBe(134);
});

test('--force lets deletes made here that wait for it go out within seconds, and no others', async () => {
  const world = await openWorld();
  await world.start({ POLL_EVERY: '1h', PUSH_DELAY: '0' });
  await isRead(world);
  const { people } = world.sandbox.invoiced;
  await world.sql`delete from invoiced.tasks where id in (select id from invoiced.tasks order by id limit 100)`;
  await world.sql`delete from freshbooks.tasks where id in (select id from freshbooks.tasks order by id limit 100)`;
  const braked = async () => world.sql`
    select connection from sync.runs where kind = 'push' and outcome = 'stopped' order by 1`;
  await until('both pushes stopped', async () => {
    const names = (await braked()).map(({ connection }) => connection);
    return names.includes('invoiced') && names.includes('freshbooks');
  });
  expect(people.count()).toBe(234);

  expect(await run(['resync', '--connection', 'invoiced', '--force'], { env: world.env })).toMatchObject({
    code: 0,
  });
  await until('they are deleted at the API', () => people.count() === 134);
  const waiting = await world.sql`select from freshbooks.tasks where sync_state = 'pending'`;
  expect(waiting).toHaveLength(100);
});

test('without --wait it returns at once, and warns where no worker is', async () => {
  const world = await openWorld();
  const daemon = await world.start();
  await isRead(world);
  await daemon.stop();
  const first = await run(['resync'], { env: world.env });
  expect(first.code).toBe(0);
  expect(first.errors).toContain('no worker is running');
  const second = await run(['resync'], { env: world.env });
  expect(second.output.match(/already waits/g)).toHaveLength(2);
});

describe('wrong usage', () => {
  test('an unknown connection is told, with those that are there', async () => {
    const world = await openWorld();
    const daemon = await world.start();
    await daemon.stop();
    const { code, errors } = await run(['resync', '--connection', 'invoicd'], { env: world.env });
    expect(code).toBe(2);
    expect(errors).toBe(
      'taskmirror: There is no connection invoicd: did you mean invoiced? Otherwise use freshbooks or invoiced.\n',
    );
  });

  test.each([['yesterday'], ['2030-13-01'], ['5'], ['-2h'], ['9999-01-01']])('--since %s', async (since) => {
    const { code, errors } = await run(['resync', `--since=${since}`]);
    expect(code).toBe(2);
    expect(errors).toMatch(/^taskmirror: [^\n]*--since[^\n]*\n$/);
  });

  test('--full and --since together', async () => {
    expect(await run(['resync', '--full', '--since', '2h'])).toMatchObject({ code: 2 });
  });
});

test.each([
  ['2h', '2026-05-01T10:00:00Z'],
  ['90d', '2026-01-31T12:00:00Z'],
  ['2026-04-30', '2026-04-30T00:00:00Z'],
  ['2026-04-30T08:30', '2026-04-30T08:30:00Z'],
  ['2026-04-30 08:30:15.9Z', '2026-04-30T08:30:15Z'],
  ['2026-04-30T08:30:00-04:00', '2026-04-30T12:30:00Z'],
])('--since %s is %s', (text, meant) => {
  expect(parseSince(text, Date.parse('2026-05-01T12:00:00Z'))).toBe(Date.parse(meant) / 1_000);
});

async function isRead({ sql }: World): Promise<void> {
  await until('both are read', async () => (await sql`select from sync.cursors`).length === 2);
}
