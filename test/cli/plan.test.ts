import { expect, test } from 'vitest';
import { connections, expectOutcome } from '../sync/world.js';
import { run } from './command.js';
import { mirrored } from './mirrored.js';

test('a push sends just what the plan says, which itself sends nothing', async () => {
  const { world, tells, rows } = await mirrored();
  const { sql } = world;
  const [i1, i2, i3, i4] = await rows('invoiced', 4);
  const [f1, f2, f3, f4, f5] = await rows('freshbooks', 5);
  // A deleted task of each, to be restored.
  await sql`delete from invoiced.tasks where row_id = ${i4 ?? ''}`;
  await sql`delete from freshbooks.tasks where row_id = ${f5 ?? ''}`;
  for (const connection of connections) expectOutcome(await world.push(connection), 'ok');

  await sql`update invoiced.tasks set name = 'Call', due_date = '2026-12-01 08:00Z', complete = not complete where row_id = ${i1 ?? ''}`;
  await sql`update invoiced.tasks set name = 'Edited and deleted' where row_id = ${i2 ?? ''}`;
  await sql`delete from invoiced.tasks where row_id = ${i2 ?? ''}`;
  await sql`update invoiced.tasks set name = name || '!' where row_id = ${i3 ?? ''}`;
  await sql`update invoiced.tasks set name = left(name, -1) where row_id = ${i3 ?? ''}`;
  await sql`update invoiced.tasks set vis_state = 0, name = 'Made anew' where row_id = ${i4 ?? ''}`;
  await sql`insert into invoiced.tasks (name, action, due_date) values ('New', 'phone', '2026-12-01Z')`;
  await sql`update freshbooks.tasks set rate_amount = 12.5, rate_code = 'EUR' where row_id = ${f1 ?? ''}`;
  await sql`update freshbooks.tasks set name = 'Edited and deleted', vis_state = 1 where row_id = ${f2 ?? ''}`;
  await sql`update freshbooks.tasks set name = 'Edited and archived', vis_state = 2 where row_id = ${f3 ?? ''}`;
  await sql`delete from freshbooks.tasks where row_id = ${f4 ?? ''}`;
  await sql`update freshbooks.tasks set name = 'Restored and edited', vis_state = 0 where row_id = ${f5 ?? ''}`;
  await sql`insert into freshbooks.tasks (name, vis_state) values ('Archived at once', 2)`;

  const mark = world.sandbox.log.mark();
  const plan = await tells('plan');
  expect(world.sandbox.log.count({ after: mark })).toBe(0);
  const actions = plan.rows.map(
    (row: { connection: string; action: string }) => `${row.connection} ${row.action}`,
  );
  expect(actions).toEqual([
    ...['update', 'delete', 'archive', 'delete', 'restore', 'create'].map((each) => `freshbooks ${each}`),
    ...['update', 'delete', 'nothing', 'restore', 'create'].map((each) => `invoiced ${each}`),
  ]);

  // What must wait for an id goes with the next push.
  for (const connection of connections) while ((await world.push(connection)).state === 'later');
  const sent = world.sandbox.log
    .entries({ after: mark })
    .filter(({ method }) => method !== 'GET')
    .map(({ method, body }) => {
      const json = body === '' ? null : JSON.parse(body);
      return JSON.stringify({ method, sent: json?.task ?? json });
    });
  const planned = plan.rows.flatMap((row: { calls: readonly object[] }) =>
    row.calls.map((call) => JSON.stringify(call)),
  );
  const tokenless = sent.filter((call) => !call.includes('refresh_token'));
  expect(tokenless.sort()).toEqual(planned.sort());
  expect((await tells('plan')).rows).toEqual([]);
});

test('each field is told with the last value of the API and the new one', async () => {
  const { world, does, tells, rows } = await mirrored();
  const [invoiced] = await rows('invoiced', 1);
  const [freshbooks] = await rows('freshbooks', 1);
  await world.sql`update invoiced.tasks set due_date = '2026-11-01Z' where row_id = ${invoiced ?? ''}`;
  await world.sql`update freshbooks.tasks set rate_amount = 0, rate_code = 'CAD', billable = true where row_id = ${freshbooks ?? ''}`;
  for (const connection of connections) expectOutcome(await world.push(connection), 'ok');

  await world.sql`update invoiced.tasks set due_date = '2026-12-01 08:00:00.7Z' where row_id = ${invoiced ?? ''}`;
  await world.sql`update freshbooks.tasks set rate_amount = 12.5, rate_code = 'EUR', billable = false where row_id = ${freshbooks ?? ''}`;
  const plan = await tells('plan');
  expect(plan.rows).toMatchObject([
    {
      connection: 'freshbooks',
      row_id: freshbooks,
      id: expect.any(Number),
      name: expect.any(String),
      action: 'update',
      fields: {
        rate: {
          old: { rate_amount: '0.00', rate_code: 'CAD' },
          new: { rate_amount: '12.50', rate_code: 'EUR' },
        },
        billable: { old: true, new: false },
      },
      error: null,
    },
    {
      connection: 'invoiced',
      fields: { due_date: { old: '2026-11-01T00:00:00Z', new: '2026-12-01T08:00:00Z' } },
    },
  ]);
  const text = await does('plan');
  expect(text).toContain('freshbooks: 1 row to send\n');
  expect(text).toContain('    rate: 0.00 CAD → 12.50 EUR\n    billable: true → false\n');
  expect(text).toContain('    due_date: 2026-11-01T00:00:00Z → 2026-12-01T08:00:00Z\n');
  expect(await does('plan', '--connection', 'invoiced')).not.toContain('freshbooks');
});

test('failed rows stand apart, with the words of the API and the cure', async () => {
  const mirror = await mirrored();
  const { world, does, tells, rows } = mirror;
  const [row] = await rows('invoiced', 1);
  world.sandbox.faults.add({
    api: 'invoiced',
    route: 'tasks.update',
    times: 1,
    fault: { kind: 'status', status: 400 },
  });
  await world.sql`update invoiced.tasks set name = 'Refused' where row_id = ${row ?? ''}`;
  await world.push('invoiced');
  const words = (await mirror.row('invoiced', row ?? ''))['sync_error'];
  const plan = await tells('plan');
  expect(plan.rows).toEqual([]);
  expect(plan.failed).toMatchObject([
    { row_id: row, action: 'update', error: words, fields: { name: { new: 'Refused' } } },
  ]);
  const text = await does('plan', '--connection', 'invoiced');
  expect(text).toMatch(/^invoiced: nothing to send, 1 row failed$/m);
  expect(text.replace(/\s+/g, ' ')).toContain(`failed: ${words}`);
  expect(text).toContain(`taskmirror retry ${row}`);
});

test('deletes that the brake holds up are told, with what lets them go', async () => {
  const { world, does, tells } = await mirrored();
  await world.sql`delete from freshbooks.tasks`;
  await world.sql`insert into freshbooks.tasks (name) values ('Goes all the same')`;
  const plan = await tells('plan', '--connection', 'freshbooks');
  expect(plan.connections[0].deletes_held_up).toContain('--force');
  expect(plan.rows.map((row: { held_up: boolean }) => row.held_up)).toEqual([...Array(30).fill(true), false]);
  const text = await does('plan', '--connection', 'freshbooks');
  expect(text).toContain('freshbooks: 1 row to send, 30 deletes held up\n');
  expect(text).toMatch(/: delete, held up$/m);
  expect(text).toContain('--force');
  expect(text).toMatch(/"Goes all the same": create$/m);
  expectOutcome(await world.push('freshbooks'), 'stopped');
  expect(await does('status')).toContain('! The last push stopped: 30 of 30 active tasks');
});

test('a create of unknown outcome says that the API is looked at first', async () => {
  const { world, does, tells } = await mirrored();
  world.sandbox.faults.add({
    api: 'invoiced',
    route: 'tasks.create',
    times: 1,
    fault: { kind: 'reset', when: 'after' },
  });
  await world.sql`insert into invoiced.tasks (name, action, due_date) values ('Lost', 'phone', '2026-12-01Z')`;
  // Not looked at in the push that sends it, however slow the machine.
  await world.as({ push: { ...world.context.push, finishedAfterMs: 3_600_000 } }).push('invoiced');
  expect((await tells('plan')).rows).toMatchObject([
    { action: 'create', unknown: { method: 'POST', decision: null }, not_before: expect.any(String) },
  ]);
  expect(await does('plan')).toContain('nothing is made twice');
});

test('what keeps a push from running is told: PUSH, a pause, a problem', async () => {
  const { world, env, does, fails } = await mirrored();
  await world.sql`update sync.connections set problem = 'Consent is needed' where name = 'freshbooks'`;
  await does('pause', 'invoiced');
  const { output } = await run(['plan'], { env: { ...env, PUSH: 'off' } });
  expect(output).toContain('PUSH is off');
  expect(output).toContain('! Consent is needed');
  expect(output).toContain('taskmirror resume invoiced');
  expect(await fails(2, 'plan', '--connection', 'other')).toContain('use freshbooks or invoiced');
});
