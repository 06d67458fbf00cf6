import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../src/mirror/migrate.js';
import { migrationsFolder } from '../../src/mirror/schema-version.js';
import { makeFolder, run } from '../cli/command.js';
import { until } from '../servers/index.js';
import { runProgram } from './process.js';
import { openWorld, type World } from './world.js';

test('a worker that is pushing meets a newer program: it ends what it has in hand, says so and exits 2, and nothing is lost or made twice', async () => {
  const world = await openWorld();
  const folder = makeFolder();
  const env = { ...world.env, PUSH_DELAY: '0' };
  const old = runProgram(['start'], { env, folder });
  await until('both are read', async () => (await world.sql`select from sync.cursors`).length === 2, 60_000);
  // Four seconds of work at least.
  world.sandbox.setLatency(100);
  await world.sql`
    insert into invoiced.tasks (name, action, due_date) select 'New ' || n, 'phone', now() from generate_series(1, 200) n`;
  await until('it is at it', () => made(world) > 5, 20_000);

  await migrate(world.env['DATABASE_URL'] ?? '', newerMigrations());
  expect(await old.ended).toBe(2);
  expect(old.output()).toMatch(VERSIONS);
  expect(old.errors()).toMatch(VERSIONS);
  expect(made(world)).toBeLessThan(200);
  // Whoever starts it again learns the same at once.
  const again = runProgram(['start'], { env, folder });
  expect(await again.ended).toBe(2);
  expect(again.errors()).toMatch(VERSIONS);

  // As the newer program would go on: here it is the same, its migration taken back.
  await world.sql`alter table invoiced.tasks drop column of_the_future`;
  await world.sql`delete from sync.migrations where created_at = ${FUTURE}`;
  world.sandbox.setLatency(0);
  const next = runProgram(['start'], { env, folder });
  await until(
    'all is sent',
    async () => (await world.sql`select from invoiced.tasks where sync_state <> 'synced'`).length === 0,
    60_000,
  );
  const names = [...world.sandbox.invoiced.people.tasks()].flatMap(({ name }) =>
    name.startsWith('New ') ? [name] : [],
  );
  expect(new Set(names).size).toBe(200);
  expect(names).toHaveLength(200);
  next.kill('SIGTERM');
  expect(await next.ended).toBe(0);
}, 180_000);

test('an idle worker sees it within seconds', async () => {
  const world = await openWorld();
  const worker = runProgram(['start'], {
    env: { ...world.env, POLL_EVERY: '1h', PUSH: 'off' },
    folder: makeFolder(),
  });
  await until('both are read', async () => (await world.sql`select from sync.cursors`).length === 2, 60_000);
  await migrate(world.env['DATABASE_URL'] ?? '', newerMigrations());
  expect(await worker.ended).toBe(2);
}, 90_000);

test.each([['status'], ['plan'], ['conflicts'], ['retry', '--all'], ['resync'], ['pause', 'invoiced']])(
  '%s refuses a database of a newer program, and one of an older, and says which versions',
  async (...args) => {
    const world = await openWorld();
    await world.sql`insert into sync.migrations (hash, created_at, program) values ('x', ${FUTURE}, '9.8.7')`;
    const newer = await run(args, { env: world.env });
    expect(newer).toMatchObject({ code: 2, output: '', errors: expect.stringMatching(VERSIONS) });
    expect(newer.errors).toContain('9.8.7');
    await world.sql`delete from sync.migrations where created_at >= (select max(created_at) from sync.migrations where program <> '9.8.7')`;
    const older = await run(args, { env: world.env });
    expect(older).toMatchObject({ code: 2, output: '', errors: expect.stringContaining('npm run migrate') });
  },
);

const VERSIONS =
  /newer version of taskmirror \(.*2286-11-20.*\) than this one \(0\.\d+\.\d+, which knows migrations up to 20\d\d-\d\d-\d\d\).*upgrade this one/;
/** The latest moment that a journal can name. */
const FUTURE = 9_999_999_999_999;

const made = ({ sandbox }: World): number =>
  [...sandbox.invoiced.people.tasks()].filter(({ name }) => name.startsWith('New ')).length;

/** Our own, and one more. */
function newerMigrations(): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskmirror-migrations-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(migrationsFolder, folder, { recursive: true });
  const path = join(folder, 'meta/_journal.json');
  const journal = JSON.parse(readFileSync(path, 'utf8'));
  journal.entries.push({ ...journal.entries.at(-1), idx: 99, when: FUTURE, tag: '0099_future' });
  writeFileSync(path, JSON.stringify(journal));
  writeFileSync(join(folder, '0099_future.sql'), 'ALTER TABLE invoiced.tasks ADD COLUMN of_the_future text;');
  return folder;
}
