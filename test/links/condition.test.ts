import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, test } from 'vitest';
import { assertOneExpression } from '../../src/links/condition.js';
import { checkRule } from '../../src/links/rules.js';
import { faultOf, findFor } from '../../src/mirror/rule-query.js';
import { addRule, linksOf, ruleNamed, settle } from './desk.js';
import { openGround } from './ground.js';

const { world } = openGround();
beforeAll(async () => {
  world().sandbox.invoiced.people.create({ name: 'Bait' });
  world().sandbox.freshbooks.people.createTask({ name: 'Bait' });
  await settle(world());
  await world().sql.unsafe(`
    create table public.spoils (what text);
    grant insert on public.spoils to taskmirror_reader;
    create function public.steal() returns boolean language plpgsql immutable security definer as $$
      begin insert into public.spoils values ('stolen'); return true; end $$;
    create function public.steal_openly() returns boolean language plpgsql security definer as $$
      begin insert into public.spoils values ('stolen'); return true; end $$;
    create function public.own_lower(text) returns text language sql immutable as $$ select lower($1) $$`);
});

test.each([
  "action = 'phone' and not complete",
  "name ilike 'dunning call%' or (rate_amount > 25.00 and rate_code in ('USD', 'EUR'))",
  "\"name\" = 'it''s (not; over -- yet /* $1 \\ '",
  "due_date < now() + interval '7 days' and coalesce(user_id, 0) <> all (array[1, 2])",
])('%s is one expression', (condition) => {
  expect(() => assertOneExpression(condition, 'here')).not.toThrow();
});

test.each([
  '',
  'true; reset role',
  'true) or true; drop table invoiced.tasks; select (true',
  'true) union select row_id from invoiced.tasks where (true',
  'true -- and more',
  'true /* and more',
  "name = 'open",
  "name = E'\\' or true --'",
  "name = U&'\\0027'",
  'name = $$a$$',
  'row_id = $1',
  '(true',
  'name = array[(1])',
  `name = '${'x'.repeat(2001)}'`,
])('%s is none', (condition) => {
  expect(() => assertOneExpression(condition, 'here')).toThrow(/here: /);
});

describe('PostgreSQL’s own reading', () => {
  test.each([
    ["action = 'phone' and due_date < now() and name ~* 'call' and customer_id in (1, 2)", null],
    ["set_config('role', 'none', false) is not null", /set_config/],
    ["set_config('taskmirror.origin', 'sync', true) = 'sync'", /set_config/],
    ["query_to_xml('delete from invoiced.tasks', true, true, '') is not null", /query_to_xml/],
    ["pg_read_file('/etc/passwd') <> ''", /pg_read_file/],
    ['pg_sleep(10) is null', /pg_sleep/],
    ["nextval('sync.row_ids') > 0", /nextval/],
    ['random() < 0.5', /random/],
    ['pg_terminate_backend(1)', /pg_terminate_backend/],
    ["pg_notify('x', 'y') is null", /pg_notify/],
    ['public.steal()', /does not bring along/],
    ["public.own_lower(name) = 'x'", /does not bring along/],
    ['exists (select from sync.connections)', /other rows/],
    ['row_id = (select max(row_id) from invoiced.tasks)', /other rows/],
    ['nothing_like_it = 1', /does not exist/],
    ['name', /boolean/],
    ['count(*) > 1', /aggregate/],
  ])('of %s', async (condition, expected) => {
    const fault = await faultOf(world().db, 'invoiced', condition).catch((error: Error) => error.message);
    if (expected === null) expect(fault).toBeNull();
    else expect(fault).toMatch(expected);
  });
});

test('a condition that somebody saved past the check is looked at before it runs, and stops only its rule', async () => {
  await addRule(world(), 'bad', { invoiced_where: 'public.steal()', freshbooks_where: 'true' });
  await addRule(world(), 'Bait');
  await settle(world());
  expect(await linksOf(world(), 'Bait')).toMatchObject([{ state: 'linked', left: 'Bait', right: 'Bait' }]);
  expect(await linksOf(world(), 'bad')).toEqual([]);
  const [rule] = await world().sql`select problem from sync.link_rules where name = 'bad'`;
  expect(rule?.['problem']).toMatch(/does not bring along/);
  expect(await world().sql`select * from public.spoils`).toEqual([]);
  await world().sql`update sync.link_rules set invoiced_where = 'false' where name = 'bad'`;
  await settle(world());
  const [mended] = await world().sql`select problem from sync.link_rules where name = 'bad'`;
  expect(mended?.['problem']).toBeNull();
});

test('even a condition that nobody has checked sees as the reader, changes nothing, and leaves no trace in the session', async () => {
  const run = (invoicedWhere: string) =>
    findFor(world().db, { ...ruleNamed('x'), invoicedWhere, freshbooksWhere: 'true' }, 10).then(
      () => 'done',
      (error: Error) => error.message,
    );
  expect(await run('exists (select from sync.credentials)')).toMatch(
    /permission denied for table credentials/,
  );
  expect(await run('public.steal_openly()')).toMatch(/read-only transaction/);
  expect(
    await run("query_to_xml('insert into public.spoils values (1)', true, true, '') is not null"),
  ).toMatch(/read-only transaction|non-volatile function/);
  expect(await run('true); delete from invoiced.tasks; select (true')).toMatch(/multiple commands|syntax/);
  expect(await run("set_config('role', 'none', false) is not null")).toBe('done');
  expect(await run("set_config('application_name', 'taken over', false) is not null")).toBe('done');
  const sessions = await Promise.all(
    Array.from({ length: 10 }, () => world().db.row<{ role: string; name: string }>(sqlSession())),
  );
  expect(new Set(sessions.map(({ role }) => role))).toEqual(new Set(['none']));
  expect(sessions.map(({ name }) => name)).not.toContain('taken over');
  expect(await world().sql`select * from public.spoils`).toEqual([]);
});

test('a condition that takes too long is broken off', async () => {
  world().sandbox.invoiced.people.create({ name: 'Slow' });
  await settle(world());
  const slow = { ...ruleNamed('slow'), invoicedWhere: 'pg_sleep(30) is not null' };
  await expect(findFor(world().db, slow, 10)).rejects.toThrow(
    /^The rule slow can't be followed: .*statement timeout\. Its conditions may take 5 s at most: write simpler ones/,
  );
  await expect(checkRule(world().db, slow)).rejects.toThrow(/pg_sleep/);
});

test('a condition that can’t be evaluated for some row stops only its rule, which says so, and what to do', async () => {
  await addRule(world(), 'Naught', { invoiced_where: '1 / (row_id - row_id) = 1' });
  await addRule(world(), 'Bait');
  await settle(world());
  const [rule] = await world().sql`select problem from sync.link_rules where name = 'Naught'`;
  expect(rule?.['problem']).toBe(
    "The rule Naught can't be followed: division by zero. Write conditions that can be evaluated for every row, with links rules add NAME --replace.",
  );
  expect(await linksOf(world(), 'Bait')).toMatchObject([{ state: 'linked' }]);
});

function sqlSession() {
  return sql`select current_setting('role') as role, current_setting('application_name') as name`;
}

test('a rule that is unfit is not looked at again and again', async () => {
  await addRule(world(), 'unfit', { invoiced_where: 'public.steal()' });
  await settle(world());
  const versions = () => world().sql`select xmin::text, problem, checked from sync.link_rules`;
  const before = await versions();
  expect(before).toMatchObject([{ checked: expect.stringMatching(/^unfit /) }]);
  await world().poll('invoiced');
  expect(await versions()).toEqual(before);
});
