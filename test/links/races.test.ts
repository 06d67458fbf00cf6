import { expect, test } from 'vitest';
import { crossOver } from '../../src/links/cross-over.js';
import { connections } from '../sync/world.js';
import { addRule, expectAtRest, idNamed, linksOf, MAKES_BOTH, namesAt, settle } from './desk.js';
import { dying } from './dying.js';
import { openGround } from './ground.js';

const { world, atInvoiced, atFreshbooks } = openGround();

test('killed before any of its statements, a worker leaves each pair and each task made once', async () => {
  const db = world().db;
  await addRule(world(), 'Kill', { ...MAKES_BOTH, complete: 'archived' });
  let made = 0;
  let deaths = 0;
  for (let at = 1; ; at += 1) {
    atInvoiced().create({ name: `Kill I${at}` });
    atFreshbooks().createTask({ name: `Kill F${at}` });
    if (made > 0)
      atInvoiced().edit(idNamed(world(), 'invoiced', `Kill I${at - 1}`), { name: `Kill edited ${at}` });
    made += 1;
    const still = world().as({ push: { ...world().context.push, enabled: false } });
    for (const connection of [...connections, ...connections]) await still.poll(connection);
    const victim = dying(db, at);
    await crossOver({ db: victim, log: world().context.log }).catch(() => {});
    if (!victim.died()) break;
    deaths += 1;
    const [one] = await world().sql`
      select count(*)::int as n from freshbooks.tasks t where t.id is null and not exists (select from sync.links l where l.right_row_id = t.row_id)`;
    expect(one?.['n']).toBe(0);
    await crossOver(world().context);
  }
  expect(deaths).toBeGreaterThan(20);
  await settle(world());
  expect(namesAt(world(), 'invoiced', 'Kill')).toHaveLength(made * 2);
  expect(namesAt(world(), 'freshbooks', 'Kill')).toEqual(namesAt(world(), 'invoiced', 'Kill'));
  expect(await linksOf(world(), 'Kill')).toHaveLength(made * 2);
  await expectAtRest(world());
});

test('workers that link and carry over at the same time, beside polls and pushes, make and link each task once', async () => {
  await addRule(world(), 'Many', MAKES_BOTH);
  for (let round = 0; round < 4; round += 1) {
    for (let n = 0; n < 10; n += 1) {
      atInvoiced().create({ name: `Many I${round}.${n}` });
      atFreshbooks().createTask({ name: `Many F${round}.${n}` });
    }
    await Promise.all([
      ...connections.flatMap((connection) => [world().poll(connection), world().push(connection)]),
      crossOver(world().context),
      crossOver(world().context),
      crossOver(world().context),
      world().sql`update invoiced.tasks set name = name || '+' where name like 'Many%' and row_id % 3 = 0`,
    ]);
  }
  await settle(world());
  expect(namesAt(world(), 'invoiced', 'Many')).toHaveLength(80);
  expect(namesAt(world(), 'freshbooks', 'Many')).toEqual(namesAt(world(), 'invoiced', 'Many'));
  await expectAtRest(world());
});

test('a task whose making is not known yet and that a poll brings is not taken for a new one', async () => {
  await addRule(world(), 'Unknown', MAKES_BOTH);
  world().sandbox.faults.add({
    api: 'freshbooks',
    route: 'tasks.create',
    fault: { kind: 'reset', when: 'after' },
    times: 1,
  });
  atInvoiced().create({ name: 'Unknown' });
  await world().poll('invoiced');
  await world().poll('freshbooks');
  await world().push('freshbooks');
  // It is there, and its row does not know.
  expect(namesAt(world(), 'freshbooks', 'Unknown')).toEqual(['Unknown']);
  await world().poll('freshbooks');
  await settle(world());
  expect(namesAt(world(), 'freshbooks', 'Unknown')).toEqual(['Unknown']);
  expect(namesAt(world(), 'invoiced', 'Unknown')).toEqual(['Unknown']);
  expect(await linksOf(world(), 'Unknown')).toMatchObject([{ state: 'linked' }]);
  await expectAtRest(world());
});

test('before both sides have been read to the end once, a rule makes and links nothing', async () => {
  atFreshbooks().createTask({ name: 'First' });
  await settle(world());
  await addRule(world(), 'First', MAKES_BOTH);
  // FreshBooks's first read is under way, and has not come to the other one of that name.
  const [kept] = await world().sql`delete from sync.cursors where connection = 'freshbooks' returning *`;
  atInvoiced().create({ name: 'First' });
  atFreshbooks().createTask({ name: 'First' });
  await world().poll('invoiced');
  await crossOver(world().context);
  expect(await linksOf(world(), 'First')).toEqual([]);
  await world().sql`insert into sync.cursors ${world().sql(kept ?? {})}`;
  await world().poll('freshbooks');
  await settle(world());
  expect(await linksOf(world(), 'First')).toMatchObject([{ state: 'ambiguous', left: 'First' }]);
});

test('at rest links cost no write: not a row, not a call', async () => {
  await addRule(world(), 'Rest', MAKES_BOTH);
  atInvoiced().create({ name: 'Rest' });
  await settle(world());
  const versions = () => world().sql`
    select xmin::text from sync.links union all select xmin::text from sync.link_rules
    union all select xmin::text from invoiced.tasks union all select xmin::text from freshbooks.tasks`;
  const before = await versions();
  for (const connection of connections) await world().poll(connection);
  await crossOver(world().context);
  expect(await versions()).toEqual(before);
});

test('a task that an API cut may be the lost one that waits for a person: no other half is made for it', async () => {
  await addRule(world(), 'Cut off', MAKES_BOTH);
  const name = 'Cut off where nobody saw it, after forty letters';
  const route = { api: 'freshbooks', route: 'tasks.create' } as const;
  world().sandbox.faults.add({ ...route, fault: { kind: 'cut-text', keys: ['name'], length: 40 } });
  world().sandbox.faults.add({ ...route, fault: { kind: 'reset', when: 'after' }, times: 1 });
  atInvoiced().create({ name });
  await world().poll('invoiced');
  await world().poll('freshbooks');
  await world().send('freshbooks');
  await settle(world());
  world().sandbox.faults.clear();
  const [made] = await world().sql`select sync_state from freshbooks.tasks where name = ${name}`;
  expect(made).toEqual({ sync_state: 'failed' });
  expect(namesAt(world(), 'freshbooks', 'Cut off')).toEqual([name.slice(0, 40)]);
  expect(namesAt(world(), 'invoiced', 'Cut off')).toEqual([name]);
  expect(await linksOf(world(), 'Cut off')).toHaveLength(1);
});
