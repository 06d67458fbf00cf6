import { expect, test } from 'vitest';
import { settle } from '../links/desk.js';
import { mirrored } from './mirrored.js';

const NAMES = ['Cli one', 'Cli two', 'Cli three'];

test('a rule is looked at, saved, listed and removed; its links are listed, made and ended by hand', async () => {
  const { world, does, tells, fails, rows } = await mirrored();
  const { invoiced, freshbooks } = world.sandbox;
  for (const name of NAMES) invoiced.people.create({ name });
  freshbooks.people.createTask({ name: 'cli  ONE' });
  await settle(world);
  expect(await does('links')).toMatch(/^No tasks are linked/);
  expect(await does('links', 'rules')).toMatch(/^There is no rule/);
  const options = [
    ...['--invoiced-where', "name ilike 'cli %'", '--freshbooks-where', "name ilike 'cli %'"],
    ...['--create', 'freshbooks', '--rate', '25', '--currency', 'USD', '--winner', 'invoiced'],
  ];

  const planned = await tells('links', 'rules', 'add', 'cli', ...options, '--dry-run');
  expect(planned).toMatchObject({
    rule: 'cli',
    pairs: [
      {
        invoiced: { name: 'Cli one', changes: null },
        freshbooks: { name: 'cli  ONE', changes: { name: 'Cli one' } },
      },
    ],
    makes: [
      { in: 'freshbooks', for: { name: 'Cli two' } },
      { in: 'freshbooks', for: { name: 'Cli three' } },
    ],
    ambiguous: [],
    touched: 3,
  });
  expect(await does('links', 'rules', 'add', 'cli', ...options, '--dry-run')).toMatch(
    /^cli would link 1 pair \(1 with a change\), make 2 tasks and leave 0 ambiguous\. Nothing was done\.\n.*in FreshBooks name becomes "Cli one"/,
  );
  expect(await does('links', 'rules')).toMatch(/^There is no rule/);
  expect(await does('links', 'rules', 'add', 'cli', ...options)).toMatch(
    /^The rule cli is saved: it links 1 pair/,
  );
  expect(await fails(2, 'links', 'rules', 'add', 'cli', ...options)).toContain('--replace');
  expect(await does('links', 'preview', 'cli')).toMatch(/^cli would link/);
  await settle(world);
  const links = await tells('links');
  expect(links).toHaveLength(3);
  expect(links[0]).toMatchObject({
    rule: 'cli',
    state: 'linked',
    invoiced: { name: 'Cli one' },
    freshbooks: { name: 'Cli one' },
  });
  expect(await does('links', '--rule', 'cli')).toMatch(/\(3 links\)$/m);
  expect(await tells('status')).toMatchObject({
    links: { rules: 1, linked: 3, ambiguous: 0, failed: 0, problems: [] },
  });
  expect(await does('status')).toContain('links: 1 rule, 3 linked, 0 ambiguous, 0 failed');

  // Changed, its links go on. What that changes of them is told before.
  const done = [...invoiced.people.tasks()].find(({ name }) => name === 'Cli two');
  invoiced.people.complete(done?.id ?? 0);
  await settle(world);
  const archiving = [...options, '--complete', 'archived', '--replace'];
  expect(await tells('links', 'rules', 'add', 'cli', ...archiving, '--dry-run')).toMatchObject({
    linked: [{ invoiced: { name: 'Cli two', changes: null }, freshbooks: { changes: { vis_state: 2 } } }],
    touched: 1,
  });
  expect(await does('links', 'rules', 'add', 'cli', ...archiving, '--dry-run')).toMatch(
    /change 1 linked pair, make 0 tasks .*\n.*in FreshBooks vis_state becomes 2/,
  );
  await does('links', 'rules', 'add', 'cli', ...archiving);
  await settle(world);
  const deleting = [...options, '--complete', 'deleted', '--replace', '--dry-run'];
  expect(await tells('links', 'rules', 'add', 'cli', ...deleting)).toMatchObject({
    linked: [{ invoiced: { name: 'Cli two', changes: null }, freshbooks: { changes: { vis_state: 1 } } }],
    touched: 1,
  });
  expect(await tells('links', 'rules')).toMatchObject([
    { name: 'cli', complete: 'archived', ready: true, problem: null },
  ]);
  expect(Object.keys((await tells('links', 'rules'))[0])).not.toContain('version');
  expect(await does('links', 'rules')).toMatch(/shares +the name, complete as archived, deletion/);
  expect(await tells('links')).toHaveLength(3);

  await does('links', 'remove', links[0].link_id);
  await settle(world);
  expect(await tells('links')).toHaveLength(2);
  expect(await tells('links', '--all')).toHaveLength(3);
  expect(await fails(2, 'links', 'remove', links[0].link_id)).toContain('There is no link');
  expect(await does('links', 'rules', 'remove', 'cli')).toMatch(/with its 2 links; all tasks stay/);
  expect(await fails(2, 'links', 'rules', 'remove', 'cli')).toContain('There is no rule cli');

  const [left = ''] = await rows('invoiced', 1);
  const [right = '', other = ''] = await rows('freshbooks', 2);
  const { link_id } = await tells('links', 'add', left, right);
  expect(await fails(1, 'links', 'add', left, other)).toContain(`is in link ${link_id} already`);
  expect(await fails(1, 'links', 'add', right, left)).toContain('is none of invoiced.tasks');
});

test('an ambiguous link is resolved to one of its candidates, or to none', async () => {
  const { world, does, tells, fails } = await mirrored();
  const { invoiced, freshbooks } = world.sandbox;
  for (const name of ['Ab', 'Cd']) {
    invoiced.people.create({ name });
    freshbooks.people.createTask({ name });
    freshbooks.people.createTask({ name });
  }
  await settle(world);
  await does(
    'links',
    'rules',
    'add',
    'twins',
    '--invoiced-where',
    "name in ('Ab', 'Cd')",
    '--freshbooks-where',
    "name in ('Ab', 'Cd')",
  );
  await settle(world);
  const [one, two, ...more] = await tells('links');
  expect(more).toEqual([]);
  expect(one).toMatchObject({
    state: 'ambiguous',
    freshbooks: null,
    candidates: [{ name: 'Ab' }, { name: 'Ab' }],
  });
  expect(await does('links')).toContain(
    `taskmirror links resolve ${one.link_id} ${one.candidates[0].row_id}`,
  );
  expect((await tells('status')).needs.join()).toContain('2 links are ambiguous');
  expect(await fails(2, 'links', 'resolve', one.link_id)).toContain('--none');
  expect(await fails(2, 'links', 'resolve', one.link_id, '999999')).toContain('none of the candidates');
  await does('links', 'resolve', one.link_id, one.candidates[1].row_id);
  await does('links', 'resolve', two.link_id, '--none');
  await settle(world);
  expect(await tells('links')).toMatchObject([
    { state: 'linked', freshbooks: { row_id: one.candidates[1].row_id } },
  ]);
});

test('what can’t be a rule is refused with the cure, and one that touches many rows asks', async () => {
  const { fails, does, world } = await mirrored();
  const add = (...args: string[]) => fails(2, 'links', 'rules', 'add', 'x', ...args);
  expect(await add('--invoiced-where', 'true; reset role')).toContain('semicolon');
  expect(await add('--invoiced-where', "set_config('role', 'none', false) = ''")).toContain('set_config');
  expect(await add('--freshbooks-where', 'nam = 1')).toContain('does not exist');
  expect(await add('--create', 'invoiced')).toContain('--action and --due-days');
  expect(await add('--rate', '5')).toContain('--currency');
  expect(await add('--create', 'freshbooks', '--rate', '5', '--currency', 'usd', '--yes')).toContain(
    'three capital letters',
  );
  expect(await add('--due-days', '99999')).toContain('a whole number up to 3660');
  expect(await add('--invoiced', 'nobody')).toContain('There is no connection nobody');
  expect(await fails(2, 'links', 'rules', 'lst')).toContain('did you mean list');
  expect(await fails(2, 'links', 'preview', 'nothing')).toContain('There is no rule');
  expect(await fails(1, 'links', 'rules', 'add', 'x', '--create', 'freshbooks')).toMatch(
    /would make or change 3\d rows.*--yes/,
  );
  expect(await world.sql`select from sync.link_rules`).toHaveLength(0);
  await does('links', 'rules', 'add', 'x', '--create', 'freshbooks', '--yes');
});
