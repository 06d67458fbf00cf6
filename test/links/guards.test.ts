import { expect, test } from 'vitest';
import { crossOver } from '../../src/links/cross-over.js';
import { asLocalWriter } from '../../src/mirror/local-writer.js';
import { sources } from '../../src/sources/index.js';
import { restoreConflict } from '../../src/sync/restore.js';
import { addRule, expectAtRest, idNamed, linksOf, MAKES_BOTH, namesAt, pollBoth, settle } from './desk.js';
import { openGround } from './ground.js';

const { world, atInvoiced, atFreshbooks } = openGround();

test('an ambiguous match is never guessed, and a person decides', async () => {
  atInvoiced().create({ name: 'Twin' });
  const [one, two] = [
    atFreshbooks().createTask({ name: 'twin' }),
    atFreshbooks().createTask({ name: 'TWIN' }),
  ];
  await addRule(world(), 'Twin', MAKES_BOTH);
  await settle(world());
  const [link, ...more] = await linksOf(world(), 'Twin');
  expect(more).toEqual([]);
  expect(link).toMatchObject({ state: 'ambiguous', left: 'Twin', right: null });
  const rows = await world()
    .sql`select row_id from freshbooks.tasks where id in (${one.id}, ${two.id}) order by row_id`;
  expect(link?.candidates).toEqual(rows.map(({ row_id }) => row_id));
  expect(namesAt(world(), 'invoiced', 'Twin')).toEqual(['Twin']);
  await expectAtRest(world());

  // The one that is left over is nobody's, so its other half is made.
  await world().sql`insert into sync.links (left_row_id, right_row_id, rule)
    select row_id, ${rows[1]?.['row_id'] ?? 0}, 'Twin' from invoiced.tasks where name = 'Twin'`;
  await settle(world());
  expect(await linksOf(world(), 'Twin')).toMatchObject([{ state: 'linked' }, { state: 'linked' }]);
  expect(namesAt(world(), 'invoiced', 'Twin')).toHaveLength(2);
  await expectAtRest(world());
});

test('an ambiguous match of which people have renamed one is none any more', async () => {
  atInvoiced().create({ name: 'Clear' });
  atFreshbooks().createTask({ name: 'Clear' });
  const { id } = atFreshbooks().createTask({ name: 'Clear' });
  await addRule(world(), 'Clear');
  await settle(world());
  expect(await linksOf(world(), 'Clear')).toMatchObject([{ state: 'ambiguous' }]);
  atFreshbooks().editTask(id, { name: 'Clear of that' });
  await settle(world());
  expect(await linksOf(world(), 'Clear')).toMatchObject([{ state: 'linked', left: 'Clear', right: 'Clear' }]);
});

test('names that swap between two links stay swapped, on all four sides', async () => {
  const [a, b] = [atInvoiced().create({ name: 'Swap A' }), atInvoiced().create({ name: 'Swap B' })];
  await addRule(world(), 'Swap', { creates: 'freshbooks' });
  await settle(world());
  const [there, other] = [idNamed(world(), 'freshbooks', 'Swap A'), idNamed(world(), 'freshbooks', 'Swap B')];
  atInvoiced().edit(a.id, { name: 'Swap B' });
  atInvoiced().edit(b.id, { name: 'Swap A' });
  await settle(world());
  expect([atFreshbooks().task(there)?.name, atFreshbooks().task(other)?.name]).toEqual(['Swap B', 'Swap A']);
  await expectAtRest(world());
});

test('chains of edits at both ends within a second come to rest, and each that lost is kept', async () => {
  const { id } = atInvoiced().create({ name: 'Chain' });
  await addRule(world(), 'Chain', { creates: 'freshbooks' });
  await settle(world());
  const there = idNamed(world(), 'freshbooks', 'Chain');
  const given = new Set<string>(['Chain']);
  for (let n = 0; n < 5; n += 1) {
    for (const name of [`Chain I${n}`, `Chain F${n}`, `Chain S${n}`]) given.add(name);
    atInvoiced().edit(id, { name: `Chain I${n}` });
    atFreshbooks().editTask(there, { name: `Chain F${n}` });
    await Promise.all([world().poll('invoiced'), world().poll('freshbooks'), world().push('invoiced')]);
    await world().sql`update freshbooks.tasks set name = ${`Chain S${n}`} where id = ${there}`;
    await Promise.all([world().push('freshbooks'), world().push('invoiced')]);
  }
  await settle(world());
  const now = atInvoiced().task(id)?.name ?? '';
  expect(atFreshbooks().task(there)?.name).toBe(now);
  expect(given).toContain(now);
  await expectAtRest(world());
});

test('complete in Invoiced is archived in FreshBooks, both ways', async () => {
  const { id } = atInvoiced().create({ name: 'Done' });
  await addRule(world(), 'Done', { creates: 'freshbooks', complete: 'archived' });
  await settle(world());
  const there = idNamed(world(), 'freshbooks', 'Done');
  atInvoiced().complete(id);
  await settle(world());
  expect(atFreshbooks().task(there)?.vis_state).toBe(2);
  atFreshbooks().restoreTask(there);
  await settle(world());
  expect(atInvoiced().task(id)?.complete).toBe(false);
  atFreshbooks().archiveTask(there);
  await settle(world());
  expect(atInvoiced().task(id)?.complete).toBe(true);
  await expectAtRest(world());
});

test('what was done on one side only is done on both, and that the other was open stands in the journal', async () => {
  const { id } = atInvoiced().create({ name: 'Half one' });
  const open = atFreshbooks().createTask({ name: 'Half two' });
  atFreshbooks().archiveTask(atFreshbooks().createTask({ name: 'Half one' }).id);
  atInvoiced().complete(atInvoiced().create({ name: 'Half two' }).id);
  await settle(world());
  await addRule(world(), 'Half', { complete: 'archived' });
  await settle(world());
  expect(atInvoiced().task(id)?.complete).toBe(true);
  expect(atFreshbooks().task(open.id)?.vis_state).toBe(2);
  const told = await world().sql`
    select connection, field, local, remote, winner, reason from sync.conflicts where field in ('complete', 'vis_state')
    and row_id in (select row_id from invoiced.tasks where name like 'Half%' union select row_id from freshbooks.tasks where name like 'Half%')
    order by connection`;
  const lost = { winner: 'local', reason: 'the task that it is linked to was changed too' };
  expect(told).toEqual([
    { connection: 'freshbooks', field: 'vis_state', local: 2, remote: 0, ...lost },
    { connection: 'invoiced', field: 'complete', local: true, remote: false, ...lost },
  ]);
  await expectAtRest(world());
});

test('complete in Invoiced is deleted in FreshBooks, both ways, and a deletion in Invoiced still deletes', async () => {
  const { id } = atInvoiced().create({ name: 'Gone' });
  await addRule(world(), 'Gone', { creates: 'freshbooks', complete: 'deleted' });
  await settle(world());
  const there = idNamed(world(), 'freshbooks', 'Gone');
  atInvoiced().complete(id);
  await settle(world());
  expect(atFreshbooks().task(there)?.vis_state).toBe(1);
  atFreshbooks().restoreTask(there);
  await settle(world());
  expect(atInvoiced().task(id)?.complete).toBe(false);
  atFreshbooks().deleteTask(there);
  await settle(world());
  expect(atInvoiced().task(id)?.complete).toBe(true);
  atInvoiced().reopen(id);
  await settle(world());
  expect(atFreshbooks().task(there)?.vis_state).toBe(0);
  atInvoiced().remove(id);
  await settle(world());
  expect(atFreshbooks().task(there)?.vis_state).toBe(1);
  await expectAtRest(world());
});

/** What the journal says of the one task of FreshBooks of this name, which has been deleted. */
async function toldOfDeleted(name: string) {
  const [row] = await world().sql`select row_id, vis_state from freshbooks.tasks where name = ${name}`;
  expect(row).toMatchObject({ vis_state: 1 });
  return world().sql`
    select field, base, local, remote, winner from sync.conflicts where row_id = ${row?.['row_id'] ?? 0}`;
}

test('an archiving that was not sent yet stands in the journal where the other task was done, which deletes here', async () => {
  const { id } = atInvoiced().create({ name: 'Archived meanwhile' });
  await addRule(world(), 'Archived meanwhile', { creates: 'freshbooks', complete: 'deleted' });
  await settle(world());
  await world().sql`update freshbooks.tasks set vis_state = 2 where name = 'Archived meanwhile'`;
  await world().sql`update invoiced.tasks set complete = true where id = ${id}`;
  await settle(world());
  expect(await toldOfDeleted('Archived meanwhile')).toMatchObject([
    { field: 'vis_state', local: 1, remote: 2, winner: 'local' },
  ]);
  await expectAtRest(world());
});

test.each([
  ['at once', 'Back at once', false],
  ['when the link had seen it, and the API had not', 'Back before', true],
])(
  'an archiving that was taken back stands in the journal where the other task was deleted, which deletes here: %s',
  async (_, name, seen) => {
    const { id } = atInvoiced().create({ name });
    await addRule(world(), name, { creates: 'freshbooks' });
    await settle(world());
    atFreshbooks().archiveTask(idNamed(world(), 'freshbooks', name));
    await settle(world());
    await world().sql`update freshbooks.tasks set vis_state = 0 where name = ${name}`;
    if (seen) await crossOver(world().context);
    await world().sql`update invoiced.tasks set vis_state = 1 where id = ${id}`;
    await settle(world());
    expect(await toldOfDeleted(name)).toEqual([
      { field: 'vis_state', base: 2, local: 1, remote: 0, winner: 'local' },
    ]);
    await expectAtRest(world());
  },
);

test('what the journal says of an archived task that is deleted, since a rule comes to share done so, is that it was archived', async () => {
  const { id } = atInvoiced().create({ name: 'Archived long since' });
  await addRule(world(), 'Archived long since', { creates: 'freshbooks' });
  await settle(world());
  atFreshbooks().archiveTask(idNamed(world(), 'freshbooks', 'Archived long since'));
  atInvoiced().complete(id);
  await settle(world());
  await world().sql`update sync.link_rules set complete = 'deleted' where name = 'Archived long since'`;
  await settle(world());
  expect(await toldOfDeleted('Archived long since')).toMatchObject([
    { field: 'vis_state', local: 1, remote: 2 },
  ]);
  await expectAtRest(world());
});

test.each([
  ['which its link had seen', 'Unsent seen', false, [2], [{ base: 0, remote: 2 }]],
  ['taken back and done again', 'Unsent again', true, [0, 2], [{ base: 2, remote: 2 }]],
  ['which is there, since only a description is unsent', 'Unsent description', true, [], []],
])(
  'an archiving that stands unsent is in the journal where the other task was deleted, which deletes here: one %s',
  async (_, name, before, states, words) => {
    const { id } = atInvoiced().create({ name });
    await addRule(world(), name, { creates: 'freshbooks' });
    await settle(world());
    if (before) atFreshbooks().archiveTask(idNamed(world(), 'freshbooks', name));
    await settle(world());
    await world().sql`update freshbooks.tasks set description = 'Unsent' where name = ${name}`;
    for (const state of states)
      await world().sql`update freshbooks.tasks set vis_state = ${state} where name = ${name}`;
    await crossOver(world().context);
    await world().sql`update invoiced.tasks set vis_state = 1 where id = ${id}`;
    await settle(world());
    const told = await toldOfDeleted(name);
    expect(told.filter(({ field }) => field === 'vis_state')).toMatchObject(words);
    await expectAtRest(world());
  },
);

test('of a task that was archived before it was linked to one that is done there is one word in the journal', async () => {
  atInvoiced().complete(atInvoiced().create({ name: 'Archived before' }).id);
  atFreshbooks().archiveTask(atFreshbooks().createTask({ name: 'Archived before' }).id);
  await pollBoth(world());
  await addRule(world(), 'Archived before', { complete: 'deleted' });
  await settle(world());
  expect(await toldOfDeleted('Archived before')).toMatchObject([{ field: 'vis_state', local: 1, remote: 2 }]);
});

test('a deletion deletes the other task, from either side', async () => {
  for (const name of ['Del I', 'Del F', 'Del SQL']) atInvoiced().create({ name });
  await addRule(world(), 'Del', { creates: 'freshbooks' });
  await settle(world());
  const [i, f, s] = ['Del I', 'Del F', 'Del SQL'].map((name) => idNamed(world(), 'freshbooks', name));
  atInvoiced().remove(idNamed(world(), 'invoiced', 'Del I'));
  atFreshbooks().deleteTask(f ?? 0);
  await world().sql`delete from invoiced.tasks where name = 'Del SQL'`;
  await settle(world());
  for (const id of [i, f, s]) expect(atFreshbooks().task(id ?? 0)?.vis_state).toBe(1);
  expect(namesAt(world(), 'invoiced', 'Del')).toEqual([]);
  await expectAtRest(world());
  // One that is restored brings the other back, in the same link.
  atFreshbooks().restoreTask(f ?? 0);
  await settle(world());
  expect(namesAt(world(), 'invoiced', 'Del')).toEqual(['Del F']);
  expect(await linksOf(world(), 'Del')).toHaveLength(3);
  await expectAtRest(world());
});

test('where a deletion unlinks, the other task stays and is not made anew', async () => {
  const { id } = atInvoiced().create({ name: 'Free' });
  await addRule(world(), 'Free', { ...MAKES_BOTH, on_delete: 'unlink' });
  await settle(world());
  atInvoiced().remove(id);
  await settle(world());
  expect(namesAt(world(), 'freshbooks', 'Free')).toEqual(['Free']);
  expect(namesAt(world(), 'invoiced', 'Free')).toEqual([]);
  expect(await linksOf(world(), 'Free')).toMatchObject([
    { state: 'unlinked', error: 'one of its tasks was deleted' },
  ]);
  await expectAtRest(world());
});

test.each([
  ['invoiced', 'known at once'],
  ['freshbooks', 'known at once'],
  ['freshbooks', 'the deletion known first'],
] as const)(
  'what Invoiced has deleted for good is deleted whoever wins, and an edit of the other task that it meets can be put back: %s, %s',
  async (winner, when) => {
    const name = `Late ${winner}, ${when}`;
    const { id } = atInvoiced().create({ name });
    await addRule(world(), 'Late', { creates: 'freshbooks', winner });
    await settle(world());
    const there = idNamed(world(), 'freshbooks', name);
    atInvoiced().remove(id);
    atFreshbooks().editTask(there, { name: `${name}, edited` });
    if (when === 'known at once') await pollBoth(world());
    else await world().walk('invoiced');
    await settle(world());
    expect(atFreshbooks().task(there)?.vis_state).toBe(1);
    expect(namesAt(world(), 'invoiced', name)).toEqual([]);
    const [lost, ...more] = await world().sql`
      select conflict_id::text, connection, field, winner, local, remote from sync.conflicts
      where remote::text like ${`"${name}%`} order by conflict_id desc`;
    expect(more).toEqual([]);
    expect(lost).toMatchObject({
      connection: 'freshbooks',
      field: 'name',
      winner: 'local',
      local: name,
      remote: `${name}, edited`,
    });

    await asLocalWriter(world().db, (tx) =>
      restoreConflict(tx, Object.values(sources), String(lost?.['conflict_id'])),
    );
    await settle(world());
    expect(atFreshbooks().task(there)).toMatchObject({ vis_state: 0, name: `${name}, edited` });
    expect(namesAt(world(), 'invoiced', name)).toEqual([`${name}, edited`]);
    await expectAtRest(world());
  },
);

test('a deletion in Invoiced’s table that was not sent yet gives way to an edit of the other task, where the rule says so', async () => {
  const { id } = atInvoiced().create({ name: 'Yet' });
  await addRule(world(), 'Yet', { creates: 'freshbooks', winner: 'freshbooks' });
  await settle(world());
  await world().sql`delete from invoiced.tasks where id = ${id}`;
  atFreshbooks().editTask(idNamed(world(), 'freshbooks', 'Yet'), { name: 'Yet edited' });
  await pollBoth(world());
  await settle(world());
  expect(atInvoiced().task(id)?.name).toBe('Yet edited');
  expect(namesAt(world(), 'freshbooks', 'Yet')).toEqual(['Yet edited']);
  await expectAtRest(world());
});

test('many deletes that come over a link wait for a person', async () => {
  const ids = Array.from({ length: 15 }, (_, n) => atInvoiced().create({ name: `Many ${n}` }).id);
  await addRule(world(), 'Many', { creates: 'freshbooks' });
  await settle(world());
  for (const id of ids) atInvoiced().remove(id);
  await world().poll('invoiced', { force: true });
  await world().walk('invoiced', { force: true });
  for (let n = 0; n < 3; n += 1) await world().push('freshbooks');
  expect(namesAt(world(), 'freshbooks', 'Many')).toHaveLength(15);
  const last = await world().lastRun('freshbooks');
  expect(last).toMatchObject({ outcome: 'stopped', error: expect.stringContaining('--force') });
  await world().sql`update freshbooks.tasks set vis_state = 0 where name like 'Many%'`;
});

test('nothing is made for a task that is there on the other side and was only not read yet', async () => {
  await addRule(world(), 'Both', MAKES_BOTH);
  await settle(world());
  atFreshbooks().createTask({ name: 'Both' });
  atInvoiced().create({ name: 'Both' });
  await world().poll('invoiced');
  await world().push('invoiced');
  await settle(world());
  expect(namesAt(world(), 'freshbooks', 'Both')).toEqual(['Both']);
  expect(namesAt(world(), 'invoiced', 'Both')).toEqual(['Both']);
  expect(await linksOf(world(), 'Both')).toMatchObject([{ state: 'linked' }]);
});

test('with one API down the other works on, and the link catches up later, with all that was changed meanwhile', async () => {
  const { id } = atInvoiced().create({ name: 'Down' });
  await addRule(world(), 'Down', MAKES_BOTH);
  await settle(world());
  const fault = world().sandbox.faults.add({
    api: 'freshbooks',
    route: '*',
    fault: { kind: 'status', status: 503 },
  });
  atInvoiced().edit(id, { name: 'Down I' });
  atInvoiced().create({ name: 'Down new' });
  for (let n = 0; n < 2; n += 1) {
    await world().poll('invoiced');
    await world().push('invoiced');
    await world()
      .poll('freshbooks')
      .catch(() => {});
    await world()
      .push('freshbooks')
      .catch(() => {});
  }
  await world().sql`update invoiced.tasks set user_id = 5 where id = ${id}`;
  await world().push('invoiced');
  expect(atInvoiced().task(id)).toMatchObject({ user_id: 5, name: 'Down I' });
  world().sandbox.faults.clear(fault);
  await settle(world());
  expect(namesAt(world(), 'freshbooks', 'Down')).toEqual(['Down I', 'Down new']);
  await expectAtRest(world());
});

test('a rule that is removed or changed in the middle loses nothing', async () => {
  const { id } = atInvoiced().create({ name: 'Rule' });
  await addRule(world(), 'Rule', { creates: 'freshbooks' });
  await settle(world());
  const there = idNamed(world(), 'freshbooks', 'Rule');
  atInvoiced().edit(id, { name: 'Rule I' });
  await world().poll('invoiced');
  await world().sql`delete from sync.link_rules where name = 'Rule'`;
  await settle(world());
  // What had come over by then is sent; nothing more comes over.
  expect(atFreshbooks().task(there)?.name).toBe('Rule I');
  atInvoiced().edit(id, { name: 'Rule II' });
  await settle(world());
  expect(atFreshbooks().task(there)?.name).toBe('Rule I');
  await addRule(world(), 'Rule', { creates: 'freshbooks', match: 'name', share_name: false });
  await world().sql`update invoiced.tasks set name = 'Rule I' where id = ${id}`;
  await settle(world());
  expect(await linksOf(world(), 'Rule')).toMatchObject([{ state: 'linked' }]);
  await world().sql`update sync.link_rules set complete = 'archived' where name = 'Rule'`;
  atInvoiced().complete(id);
  await settle(world());
  expect(atFreshbooks().task(there)?.vis_state).toBe(2);
  await expectAtRest(world());
});

test('a task that was deleted as done stays so when the rule shares that no more', async () => {
  const { id } = atInvoiced().create({ name: 'Late' });
  await addRule(world(), 'Late', { creates: 'freshbooks', complete: 'deleted' });
  await settle(world());
  const there = idNamed(world(), 'freshbooks', 'Late');
  atInvoiced().complete(id);
  await settle(world());
  await world().sql`update sync.link_rules set complete = null`;
  await settle(world());
  atInvoiced().edit(id, { name: 'Late I' });
  await settle(world());
  expect(atFreshbooks().task(there)).toMatchObject({ name: 'Late', vis_state: 1 });
  expect(atInvoiced().task(id)).toMatchObject({ name: 'Late I', complete: true });
  expect(await linksOf(world(), 'Late')).toContainEqual(
    expect.objectContaining({ left: 'Late I', state: 'unlinked' }),
  );
  await expectAtRest(world());
});

test('a rule that comes to share more, or is called something else, brings together what differs', async () => {
  const { id } = atInvoiced().create({ name: 'Share' });
  await addRule(world(), 'Share', { creates: 'freshbooks', share_name: false, winner: 'invoiced' });
  await settle(world());
  const there = idNamed(world(), 'freshbooks', 'Share');
  atInvoiced().edit(id, { name: 'Share I' });
  atInvoiced().complete(id);
  await settle(world());
  expect(atFreshbooks().task(there)).toMatchObject({ name: 'Share', vis_state: 0 });
  await world().sql`update sync.link_rules set share_name = true, name = 'Shared'`;
  await settle(world());
  expect(atFreshbooks().task(there)).toMatchObject({ name: 'Share I', vis_state: 0 });
  await world().sql`update sync.link_rules set complete = 'archived'`;
  await settle(world());
  expect(atFreshbooks().task(there)).toMatchObject({ name: 'Share I', vis_state: 2 });
  expect(await linksOf(world(), 'Shared')).toMatchObject([{ state: 'linked' }]);
  await expectAtRest(world());
});

test('what can’t come over is said at its link, is not tried again and again, and goes on when it can', async () => {
  const beside = atFreshbooks().createTask({ name: 'Blank beside' });
  const { id } = atFreshbooks().createTask({ name: 'Blank' });
  await addRule(world(), 'Blank', MAKES_BOTH);
  await settle(world());
  atFreshbooks().editTask(id, { name: ' ' });
  atFreshbooks().editTask(beside.id, { name: 'Blank, but beside' });
  await settle(world());
  expect(await linksOf(world(), 'Blank')).toMatchObject([
    { state: 'linked', left: 'Blank, but beside' },
    { state: 'failed', error: expect.stringContaining('a task needs a name'), left: 'Blank' },
  ]);
  await expectAtRest(world());
  atFreshbooks().editTask(id, { name: 'Blank no more' });
  await settle(world());
  expect(await linksOf(world(), 'Blank')).toMatchObject([
    { state: 'linked' },
    { state: 'linked', error: null, left: 'Blank no more' },
  ]);
});

test('a row that somebody holds is left, and nobody is waited for', async () => {
  const { id } = atInvoiced().create({ name: 'Held' });
  await addRule(world(), 'Held', { creates: 'freshbooks' });
  await settle(world());
  const there = idNamed(world(), 'freshbooks', 'Held');
  atInvoiced().edit(id, { name: 'Held I' });
  await world().sql.begin(async (tx) => {
    await tx`select from freshbooks.tasks where id = ${there} for update`;
    await world().poll('invoiced');
    expect(await linksOf(world(), 'Held')).toMatchObject([{ left: 'Held I', right: 'Held' }]);
  });
  await settle(world());
  expect(atFreshbooks().task(there)?.name).toBe('Held I');
});

test('rows that are dropped with their connection delete nothing on the other side', async () => {
  atInvoiced().create({ name: 'Dropped' });
  await addRule(world(), 'Dropped', { creates: 'freshbooks' });
  await settle(world());
  await world().sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`delete from invoiced.tasks where name = 'Dropped'`;
  });
  await crossOver(world().context);
  expect(await linksOf(world(), 'Dropped')).toMatchObject([{ state: 'unlinked' }]);
  expect(namesAt(world(), 'freshbooks', 'Dropped')).toEqual(['Dropped']);
});

test('a row that was made over a link and is deleted before its task was made deletes the other one', async () => {
  const { id } = atInvoiced().create({ name: 'Early' });
  await settle(world());
  await addRule(world(), 'Early', { creates: 'freshbooks' });
  await crossOver(world().context);
  const gone = await world()
    .sql`delete from freshbooks.tasks where name = 'Early' and id is null returning row_id`;
  expect(gone).toHaveLength(1);
  await settle(world());
  expect(atInvoiced().task(id)).toBeUndefined();
  expect(namesAt(world(), 'freshbooks', 'Early')).toEqual([]);
  expect(await settle(world())).toBe(1);
});
