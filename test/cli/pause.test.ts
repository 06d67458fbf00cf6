import { expect, test } from 'vitest';
import { active, openWorld, type World } from '../daemon/world.js';
import { until } from '../servers/index.js';
import { run } from './command.js';
import { mirrored } from './mirrored.js';

test.each([
  ['before its schedules are taken away', 60_000],
  ['after they were taken away', 100],
])(
  'a running daemon leaves a paused connection alone, and makes up for it when it is resumed %s',
  async (_, reconcileEvery) => {
    const world = await openWorld();
    await world.start({}, { reconcileEvery });
    await until('both are read', async () => (await active(world.sql, 'invoiced')) === 234);
    await until('both are read', async () => (await world.sql`select from sync.cursors`).length === 2);

    expect(await run(['pause', 'invoiced'], { env: world.env })).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^invoiced is paused: .*taskmirror resume invoiced\n$/),
    });
    // A run that was just beginning when it was paused may come to its end.
    const before = world.sandbox.log.mark();
    await until('the other one goes on', () => polls(world, before) > 2);
    await until('its run has ended', async () => {
      const open =
        await world.sql`select from sync.runs where connection = 'invoiced' and finished_at is null`;
      return open.length === 0;
    });
    const mark = world.sandbox.log.mark();
    world.sandbox.invoiced.people.create({ name: 'Made meanwhile there' });
    await world.sql`insert into invoiced.tasks (name, action, due_date) values ('Made meanwhile here', 'phone', '2026-12-01Z')`;
    await until('the other one goes on', () => polls(world, mark) > 2);
    expect(world.sandbox.log.count({ after: mark, api: 'invoiced' })).toBe(0);
    const { output: paused } = await run(['status'], { env: world.env });
    expect(paused).toContain('invoiced: paused');
    expect(paused.replace(/\s+/g, ' ')).toContain(
      'taskmirror resume invoiced; 1 local edit is kept until then',
    );
    if (reconcileEvery < 1_000)
      await until('nothing is scheduled', () =>
        world.lines.some(({ removed }) => typeof removed === 'number' && removed > 0),
      );
    expect((await run(['status'], { env: world.env })).output).toMatch(
      /^invoiced: paused$[\s\S]*^ {2}next +nothing while it is paused$/m,
    );

    expect(await run(['resume', 'invoiced'], { env: world.env })).toMatchObject({ code: 0 });
    await until('both are on both sides', async () => {
      const here = await world.sql`
      select from invoiced.tasks where name like 'Made meanwhile%' and sync_state = 'synced' and id is not null`;
      return here.length === 2;
    });
    expect([...world.sandbox.invoiced.people.tasks()]).toHaveLength(236);
  },
);

test('to pause twice is to pause once, and an unknown name is told', async () => {
  const { world, does, fails } = await mirrored();
  await does('pause', 'freshbooks');
  const [first] = await world.sql`select paused_at from sync.connections where name = 'freshbooks'`;
  expect(await does('pause', 'freshbooks')).toContain('is paused already, since 20');
  const [second] = await world.sql`select paused_at from sync.connections where name = 'freshbooks'`;
  expect(second).toEqual(first);
  expect(await does('resume', 'freshbooks')).toContain('freshbooks goes on');
  expect(await does('resume', 'freshbooks')).toBe('freshbooks is not paused.\n');
  for (const verb of ['pause', 'resume']) {
    expect(await fails(2, verb, 'freshboks')).toContain('use freshbooks or invoiced');
  }
});

/** Each asks for two listings. */
const polls = ({ sandbox }: World, after: number): number =>
  sandbox.log.count({ after, api: 'freshbooks' }) / 2;
