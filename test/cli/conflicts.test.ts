import { describe, expect, test } from 'vitest';
import { runProgram } from '../daemon/process.js';
import { remote } from '../sync/remote.js';
import { connections, expectOutcome } from '../sync/world.js';
import { makeFolder } from './command.js';
import { type Mirrored, mirrored } from './mirrored.js';

describe.each(connections)('%s', (connection) => {
  /** Both sides rename the first task, and the API wins. */
  const overrule = async ({ world, rows, row }: Mirrored) => {
    const [rowId = ''] = await rows(connection, 1);
    const id = Number((await row(connection, rowId))['id']);
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Ours' where row_id = ${rowId}`;
    remote(world, connection).rename(id, 'Theirs');
    expectOutcome(await world.poll(connection), 'ok');
    return { rowId, id };
  };
  const nameThere = ({ world }: Mirrored, id: unknown) =>
    connection === 'invoiced'
      ? world.sandbox.invoiced.people.task(Number(id))?.name
      : world.sandbox.freshbooks.people.task(Number(id))?.name;

  test('an overruled name is listed, shown and restored: it reaches the API, and is restored once', async () => {
    const mirror = await mirrored();
    const { world, does, tells, fails, row } = mirror;
    const { rowId, id } = await overrule(mirror);
    const [conflict, ...more] = await tells('conflicts');
    expect(more).toEqual([]);
    expect(conflict).toMatchObject({
      connection,
      row_id: rowId,
      id,
      name: 'Theirs',
      field: 'name',
      local: 'Ours',
      remote: 'Theirs',
      winner: 'remote',
      reason: 'both sides changed it',
      restored_at: null,
    });
    expect(await tells('conflicts', 'show', conflict.conflict_id)).toEqual(conflict);
    expect(await does('conflicts', 'show', conflict.conflict_id)).toMatch(
      /^ {2}local +"Ours" \(overruled\)$/m,
    );
    expect(await does('conflicts', 'list')).toMatch(/name +"Ours" +"Theirs"\n\(1 conflict\)/);

    expect(await does('conflicts', 'restore', conflict.conflict_id)).toBe(
      `Conflict ${conflict.conflict_id}: name of row ${rowId}, task ${id} "Theirs" is "Ours" again; it was "Theirs".\n`,
    );
    expect(await row(connection, rowId)).toMatchObject({ name: 'Ours', sync_state: 'pending' });
    expectOutcome(await world.push(connection), 'ok');
    expect(nameThere(mirror, id)).toBe('Ours');
    expect(await row(connection, rowId)).toMatchObject({ name: 'Ours', sync_state: 'synced' });

    expect(await tells('conflicts')).toEqual([]);
    expect(await does('conflicts')).toBe('Nothing was overruled that has not been restored.\n');
    expect(await tells('conflicts', '--all')).toMatchObject([{ restored_at: expect.stringMatching(/Z$/) }]);
    expect(await fails(1, 'conflicts', 'restore', conflict.conflict_id)).toContain('was restored already');
  });

  test('a value that somebody wrote since is named when it is overwritten', async () => {
    const mirror = await mirrored();
    const { rowId } = await overrule(mirror);
    await mirror.world
      .sql`update ${mirror.world.sql(connection)}.tasks set name = 'Later' where row_id = ${rowId}`;
    const [{ conflict_id }] = await mirror.tells('conflicts');
    expect(await mirror.tells('conflicts', 'restore', conflict_id)).toMatchObject([
      { old: 'Later', new: 'Ours', changed_since: true, task_restored: false },
    ]);
    expect(await mirror.row(connection, rowId)).toMatchObject({ name: 'Ours', sync_state: 'pending' });
  });

  test('an edit that lost to a delete brings the task back', async () => {
    const mirror = await mirrored();
    const { world, rows, row, tells, does } = mirror;
    const [rowId = ''] = await rows(connection, 1);
    const id = Number((await row(connection, rowId))['id']);
    await world.sql`update ${world.sql(connection)}.tasks set name = 'Edited' where row_id = ${rowId}`;
    remote(world, connection).remove(id);
    expectOutcome(await world.push(connection), 'ok');
    expect(await row(connection, rowId)).toMatchObject({ vis_state: 1 });

    const [{ conflict_id }] = await tells('conflicts');
    expect(await does('conflicts', 'restore', conflict_id)).toContain(
      connection === 'invoiced' ? 'it is made anew, under a new id' : 'comes back with it',
    );
    expectOutcome(await world.push(connection), 'ok');
    const after = await row(connection, rowId);
    expect(after).toMatchObject({ vis_state: 0, name: 'Edited', sync_state: 'synced' });
    expect(nameThere(mirror, after['id'])).toBe('Edited');
    expect(Number(after['id']) === id).toBe(connection === 'freshbooks');
  });

  test('an edit that a delete here has overruled was not written since, and brings the task back', async () => {
    const mirror = await mirrored({ context: { policy: 'local' } });
    const { world, rows, row, tells } = mirror;
    const [rowId = ''] = await rows(connection, 1);
    const id = Number((await row(connection, rowId))['id']);
    remote(world, connection).rename(id, 'Theirs');
    await world.sql`delete from ${world.sql(connection)}.tasks where row_id = ${rowId}`;
    expectOutcome(await world.push(connection), 'ok');

    const [{ conflict_id }] = await tells('conflicts');
    expect(await tells('conflicts', 'restore', conflict_id)).toMatchObject([
      { old: 'Theirs', new: 'Theirs', changed_since: false },
    ]);
  });

  test('several are restored together, or none', async () => {
    const mirror = await mirrored();
    const { rowId } = await overrule(mirror);
    const [{ conflict_id }] = await mirror.tells('conflicts');
    expect(await mirror.fails(2, 'conflicts', 'restore', conflict_id, '999')).toContain('no conflict 999');
    expect(await mirror.row(connection, rowId)).toMatchObject({ name: 'Theirs', sync_state: 'synced' });
    expect(await mirror.tells('conflicts')).toHaveLength(1);
  });
});

test('a rate is restored whole', async () => {
  const { world, rows, row, tells } = await mirrored();
  const [rowId = ''] = await rows('freshbooks', 1);
  const id = Number((await row('freshbooks', rowId))['id']);
  await world.sql`update freshbooks.tasks set rate_amount = 70, rate_code = 'EUR' where row_id = ${rowId}`;
  world.sandbox.freshbooks.people.editTask(id, { rate: { amount: 81.5, code: 'USD' } });
  expectOutcome(await world.poll('freshbooks'), 'ok');
  const [{ conflict_id }] = await tells('conflicts');
  expect(await tells('conflicts', 'restore', conflict_id)).toMatchObject([
    {
      field: 'rate',
      old: { rate_amount: '81.50', rate_code: 'USD' },
      new: { rate_amount: '70.00', rate_code: 'EUR' },
    },
  ]);
  expect(await row('freshbooks', rowId)).toMatchObject({ rate_code: 'EUR', sync_state: 'pending' });
  expect(Number((await row('freshbooks', rowId))['rate_amount'])).toBe(70);
});

test('a time is restored to the second', async () => {
  const { world, rows, row, tells } = await mirrored();
  const [rowId = ''] = await rows('invoiced', 1);
  const id = Number((await row('invoiced', rowId))['id']);
  await world.sql`update invoiced.tasks set due_date = '2026-11-01 01:30-04' where row_id = ${rowId}`;
  world.sandbox.invoiced.people.edit(id, { due_date: 1_800_000_000 });
  expectOutcome(await world.poll('invoiced'), 'ok');
  const [conflict] = await tells('conflicts');
  expect(conflict).toMatchObject({ local: '2026-11-01T05:30:00Z', remote: '2027-01-15T08:00:00Z' });
  await tells('conflicts', 'restore', conflict.conflict_id);
  expect((await row('invoiced', rowId))['due_date']).toEqual(new Date('2026-11-01T05:30:00Z'));
});

test("a value of the API's that local writers may not write is refused in capture's words", async () => {
  const { world, rows, row, fails, tells } = await mirrored();
  const [rowId = ''] = await rows('invoiced', 1);
  const id = Number((await row('invoiced', rowId))['id']);
  await world.sql`update invoiced.tasks set action = 'letter' where row_id = ${rowId}`;
  world.sandbox.invoiced.people.edit(id, { action: 'approve_bill' });
  expectOutcome(await world.as({ policy: 'local' }).poll('invoiced'), 'ok');
  const [{ conflict_id, winner }] = await tells('conflicts');
  expect(winner).toBe('local');
  expect(await fails(1, 'conflicts', 'restore', conflict_id)).toMatch(
    /approve_bill.*Write phone, letter, email or review/,
  );
  expect(await tells('conflicts')).toHaveLength(1);
});

test('wrong usage ends with 2', async () => {
  const { fails } = await mirrored();
  expect(await fails(2, 'conflicts', 'show', 'first')).toContain('use a whole number');
  expect(await fails(2, 'conflicts', 'show', '7')).toContain('`npx taskmirror conflicts` lists them');
  expect(await fails(2, 'conflicts', '--connection', 'other')).toContain('use freshbooks or invoiced');
});

test('the real command prints one document and ends with 0', async () => {
  const { env } = await mirrored();
  const program = runProgram(['conflicts', '--json'], { env, folder: makeFolder() });
  expect(await program.ended).toBe(0);
  expect(JSON.parse(program.output())).toEqual([]);
}, 60_000);
