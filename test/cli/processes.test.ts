import { expect, test, vi } from 'vitest';
import { runProgram } from '../daemon/process.js';
import { openWorld } from '../daemon/world.js';
import { until } from '../servers/index.js';
import { makeFolder } from './command.js';

// A dozen processes, each of which takes its time to start where the machine is busy.
vi.setConfig({ testTimeout: 180_000 });

const WEST = 'west-api-key-0001';

test('verbs do their work as processes of their own: the code, the words, and what has changed', async () => {
  const world = await openWorld({
    sandbox: {
      invoiced: { tasks: 12, further: [{ apiKey: WEST, tasks: 3 }] },
      freshbooks: { tasks: 9 },
    },
  });
  const { sql, env } = world;
  const folder = makeFolder();
  const start = (...args: string[]) => runProgram(args, { env, folder });
  const tell = async (...args: string[]) => {
    const program = start(...args);
    const code = await program.ended;
    return { code, output: program.output(), errors: program.errors() };
  };
  const document = async (...args: string[]): Promise<unknown> => {
    const { code, output, errors } = await tell(...args, '--json');
    expect({ args, code, errors }).toEqual({ args, code: 0, errors: '' });
    return JSON.parse(output);
  };
  const pausedAt = async () => (await sql`select paused_at from sync.connections where name = 'invoiced'`)[0];

  expect(await tell('migrate')).toMatchObject({ code: 0 });
  const daemon = await world.start();
  await until('both are read', async () => (await sql`select from sync.cursors`).length === 2, 60_000);
  const add = start(
    'connections',
    'add',
    'west',
    '--source',
    'invoiced',
    '--base-url',
    world.sandbox.invoiced.url,
  );
  add.type(`${WEST}\n`);
  expect(await add.ended).toBe(0);
  await until('west is read', async () => (await sql`select from sync.cursors`).length === 3, 60_000);
  await daemon.stop();

  const three = [{ name: 'freshbooks' }, { name: 'invoiced' }, { name: 'west' }];
  const [status, listed, overruled, selected, script] = await Promise.all([
    document('status'),
    document('connections', 'list'),
    document('conflicts'),
    tell('sql', 'select count(*) as tasks from invoiced.tasks'),
    tell('completion', 'bash'),
  ]);
  expect(status).toMatchObject({ connections: three });
  expect(listed).toMatchObject({ connections: three });
  expect(overruled).toEqual([]);
  expect(selected).toMatchObject({ code: 0, output: expect.stringMatching(/tasks\s.*\s15\b/s) });
  expect(script).toMatchObject({ code: 0, output: expect.stringContaining('-F _taskmirror taskmirror') });

  const [row] = await sql`
    update invoiced.tasks set name = 'Edited here' where row_id = (
      select min(row_id) from invoiced.tasks where connection = 'west') returning row_id::text`;
  const rowId = String(row?.['row_id']);
  const [planned, kept] = await Promise.all([document('plan'), tell('connections', 'remove', 'west')]);
  expect(JSON.stringify(planned)).toContain('Edited here');
  expect(kept).toMatchObject({
    code: 1,
    errors: expect.stringContaining('1 local edit waiting'),
  });
  await sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`update invoiced.tasks set sync_state = 'failed', sync_error = 'no' where row_id = ${rowId}`;
  });
  expect(await tell('retry', rowId)).toEqual({
    code: 0,
    output: `Row ${rowId} of west will be sent again.\n`,
    errors: '',
  });
  expect(await sql`select sync_state from invoiced.tasks where row_id = ${rowId}`).toEqual([
    { sync_state: 'pending' },
  ]);

  expect(await tell('pause', 'invoiced')).toMatchObject({ code: 0, errors: '' });
  expect(await pausedAt()).not.toEqual({ paused_at: null });
  expect(await tell('resume', 'invoiced')).toMatchObject({ code: 0, errors: '' });
  expect(await pausedAt()).toEqual({ paused_at: null });

  expect(await tell('connections', 'remove', 'west', '--abandon-edits')).toMatchObject({
    code: 0,
    errors: '',
  });
  expect(await sql`select name from sync.connections order by name`).toEqual([
    { name: 'freshbooks' },
    { name: 'invoiced' },
  ]);
  const sandbox = start('sandbox');
  await until('it tells where it is', () => sandbox.output().includes('FRESHBOOKS_REFRESH_TOKEN='), 60_000);
  sandbox.kill('SIGTERM');
  expect(await sandbox.ended).toBe(0);
});
