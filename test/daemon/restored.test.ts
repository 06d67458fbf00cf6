import postgres from 'postgres';
import { expect, onTestFinished, test, vi } from 'vitest';
import { run } from '../cli/command.js';
import { until } from '../servers/index.js';
import { openWorld } from './world.js';

// Two daemons, one after the other, that each read two accounts.
vi.setConfig({ testTimeout: 120_000 });

test('a daemon on a restored database asks no API anything before a person has consented and resumed', async () => {
  const world = await openWorld({ sandbox: { invoiced: { tasks: 5 }, freshbooks: { tasks: 5 } } });
  const daemon = await world.start();
  await until('both are read', async () => (await world.sql`select from sync.cursors`).length === 2, 30_000);
  await daemon.stop();
  const copy = await copyOf(world.env['DATABASE_URL'] ?? '');
  const env = { ...world.env, DATABASE_URL: copy.url };
  await copy.sql`update invoiced.tasks set name = 'Edited in the copy'`;

  const mark = world.sandbox.log.mark();
  const second = await world.start({ DATABASE_URL: copy.url }, { reconcileEvery: 100 });
  await until('its schedules are as they should be', async () =>
    JSON.parse((await run(['status', '--json'], { env })).output).connections.every(
      (one: { next_poll_at: string | null }) => one.next_poll_at === null,
    ),
  );
  expect(world.sandbox.log.count({ after: mark })).toBe(0);
  const status = (await run(['status'], { env })).output.replace(/[\s!]+/g, ' ');
  expect(status).toMatch(
    /It was paused, since the database was restored from a copy .*taskmirror plan.*taskmirror resume invoiced; 5 local edits are kept/,
  );
  expect(status).toContain('It was paused, since the database was restored');
  expect((await run(['plan'], { env })).output).toContain('Edited in the copy');

  for (const name of ['invoiced', 'freshbooks']) expect((await run(['resume', name], { env })).code).toBe(0);
  await until(
    'what waited is sent',
    () => [...world.sandbox.invoiced.people.tasks()].every(({ name }) => name === 'Edited in the copy'),
    60_000,
  );
  // The original's consent is not touched by its copy.
  await until(
    'the copy asks for a consent of its own',
    async () => {
      const rows =
        await copy.sql`select from sync.connections where name = 'freshbooks' and problem like '%consent again%'`;
      return rows.length === 1;
    },
    30_000,
  );
  expect(world.sandbox.log.count({ after: mark, api: 'freshbooks' })).toBe(0);
  await second.stop();
});

/** What restoring a dump into a new database gives. */
async function copyOf(url: string): Promise<{ url: string; sql: postgres.Sql }> {
  const name = new URL(url).pathname.slice(1);
  const address = (database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href;
  const admin = postgres(address('postgres'), { max: 1, onnotice: () => {} });
  // A template must have no other connection.
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
  await admin`create database ${admin(`${name}_copy`)} template ${admin(name)}`;
  const sql = postgres(address(`${name}_copy`), { max: 1, onnotice: () => {} });
  onTestFinished(async () => {
    await sql.end();
    await admin`drop database ${admin(`${name}_copy`)} with (force)`;
    await admin.end();
  });
  return { url: address(`${name}_copy`), sql };
}
