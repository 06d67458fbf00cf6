import { expect, test } from 'vitest';
import { run } from './command.js';
import { mirrored } from './mirrored.js';

test('status counts what is pending, failed and overruled, and names what has waited longest', async () => {
  const { world, env, rows, row } = await mirrored();
  const { sql, sandbox } = world;
  const [first = '', second = '', third = ''] = await rows('invoiced', 3);
  sandbox.faults.add({
    api: 'invoiced',
    route: 'tasks.update',
    times: 1,
    fault: { kind: 'status', status: 400 },
  });
  await sql`update invoiced.tasks set name = 'Refused' where row_id = ${first}`;
  await world.push('invoiced');
  await sql`update invoiced.tasks set name = 'Ours' where row_id = ${second}`;
  sandbox.invoiced.people.edit(Number((await row('invoiced', second))['id']), { name: 'Theirs' });
  await world.poll('invoiced');
  await sql`update invoiced.tasks set name = ${`The oldest ${'o'.repeat(200)}`} where row_id = ${third}`;
  await sql`update invoiced.tasks set name = 'A later one' where row_id = ${second}`;

  const document = JSON.parse((await run(['status', '--json'], { env })).output);
  expect(document.connections).toMatchObject([
    { name: 'freshbooks', pending: 0, failed: 0, conflicts: 0, oldest_pending: null },
    {
      name: 'invoiced',
      pending: 2,
      failed: 1,
      conflicts: 1,
      oldest_pending: {
        row_id: third,
        name: expect.stringMatching(/^The oldest/),
        since: expect.any(String),
      },
    },
  ]);
  const { output } = await run(['status'], { env });
  expect(output).toMatch(new RegExp(`^ {2}oldest +row ${third} "The oldest o+…", pending for \\d+ s$`, 'm'));
  expect(output).toMatch(/push +ok .*: 0 sent, 1 refused$/m);
  expect(output).toContain('2 pending, 1 failed, 1 in conflict');
  expect(output.replace(/\s+/g, ' ')).toContain('taskmirror plan says why');
  expect(output.split('\n').filter((line) => line.length > 80)).toEqual([]);
});
