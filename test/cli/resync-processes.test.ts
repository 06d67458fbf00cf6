import { expect, test } from 'vitest';
import { runProgram } from '../daemon/process.js';
import { worldOn } from '../http/daemon.js';
import { until } from '../servers/index.js';
import { makeFolder } from './command.js';

test.each(['postgres', 'redis'] as const)(
  'on %s, in processes of their own: what waits for a worker swallows nothing that asks for more, and each is done',
  async (backend) => {
    const world = await worldOn(backend);
    const env = { ...world.env, POLL_EVERY: '1h' };
    const folder = makeFolder();
    const start = () => runProgram(['start'], { env, folder });
    const first = start();
    await until(
      'both are read',
      async () => (await world.sql`select from sync.cursors`).length === 2,
      60_000,
    );
    first.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    await world.sql`delete from sync.runs where kind = 'resync'`;

    const ask = async (...args: string[]): Promise<string> => {
      const command = runProgram(['resync', '--connection', 'invoiced', ...args], { env, folder });
      expect(await command.ended).toBe(0);
      expect(command.errors()).toContain('no worker is running');
      return command.output();
    };
    const wishes = [[], ['--since', '2026-01-01'], ['--full'], ['--full', '--force']];
    for (const wish of wishes) expect(await ask(...wish)).toContain('was enqueued');
    expect(await ask()).toContain('already waits');
    expect(await ask('--full')).toContain('already waits');

    const waiting = runProgram(['resync', '--connection', 'invoiced', '--full', '--wait'], { env, folder });
    await until('it says so', () => waiting.output().includes('no worker is running'), 30_000);
    const second = start();
    expect(await waiting.ended).toBe(0);
    expect(waiting.output()).toMatch(/^invoiced {2}done: 234 rows/m);
    await until(
      'each is done',
      async () => {
        const done = await world.sql`
          select distinct request, lease from sync.runs where kind = 'resync' and outcome = 'ok' order by lease`;
        return done.length === 4 && done.filter(({ lease }) => lease === 'walk').length === 2;
      },
      60_000,
    );
    second.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  },
  240_000,
);
