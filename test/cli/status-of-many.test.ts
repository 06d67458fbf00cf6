import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { paintFor } from '../../src/cli/colours.js';
import { openWorld } from '../daemon/world.js';
import { run } from './command.js';

test('no connection, and a thousand of them, fit a screen of 80 columns', async () => {
  const world = await openWorld();
  await world.sql`truncate sync.connections cascade`;
  const none = await run(['status'], { env: world.env });
  expect(none).toMatchObject({ code: 0, output: expect.stringContaining('No account is configured') });

  await world.sql`
    insert into sync.connections (name, source, poll_every_ms, sweep_every_ms, last_pull_at, paused_at, problem)
    select 'account-' || lpad(n::text, 4, '0'), 'invoiced', 60000, 3600000, now(),
      case when n = 7 then now() end, case when n = 9 then 'Its key was refused' end
    from generate_series(1, 1000) n`;
  await world.sql`insert into sync.cursors (connection, cursor) select name, now() from sync.connections`;
  const { code, output } = await run(['status'], { env: world.env });
  expect(code).toBe(0);
  const lines = output.split('\n');
  expect(lines[0]).toBe('1,000 connections: 998 in sync, 1 paused, 1 needs a person');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.filter((line) => line.startsWith('account-')).length).toBe(1_000);
  expect(output).toContain('! account-0009: Its key was refused');
  const { connections } = JSON.parse((await run(['status', '--json'], { env: world.env })).output);
  expect(connections[6]).toMatchObject({ state: 'paused', next_poll_at: null, next_sweep_at: null });
  expect(connections[8]).toMatchObject({ state: 'needs_person' });
}, 60_000);

test.each([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { TERM: 'dumb' }, false],
])('colours on a terminal (%s) with %o: %s', (isTTY, env, coloured) => {
  const paint = paintFor({ output: Object.assign(new PassThrough(), { isTTY }), env });
  expect(paint('red', 'x') !== 'x').toBe(coloured);
});
