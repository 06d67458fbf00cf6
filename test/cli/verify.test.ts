import { describe, expect, test } from 'vitest';
import { runProgram } from '../daemon/process.js';
import { KEY, openWorld as openDaemonWorld } from '../daemon/world.js';
import { until } from '../servers/index.js';
import { remote, row, someId, versions } from '../sync/remote.js';
import { type Connection, connections, type World, type WorldOptions } from '../sync/world.js';
import { makeFolder, run } from './command.js';
import { mirrored } from './mirrored.js';

describe('of a mirror that is equal', () => {
  test('it ends with 0, says so, and has changed nothing on either side', async () => {
    const { world, verify } = await open();
    remote(world, 'freshbooks').remove(someId(world, 'freshbooks'));
    await world.poll('freshbooks');
    const before = await everything(world);
    const mark = world.sandbox.log.mark();
    const { code, output, errors } = await verify();
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/^freshbooks: equal\n {2}30 tasks at the API, 30 rows here\n\ninvoiced: equal\n/);
    expect(await everything(world)).toEqual(before);
    const asked = world.sandbox.log.entries({ after: mark }).filter(({ route }) => route.startsWith('tasks'));
    expect(asked.every(({ method }) => method === 'GET')).toBe(true);
    expect(await world.sql`select from sync.walk_pages`).toEqual([]);
    expect(await world.lastRun('invoiced')).toMatchObject({
      kind: 'verify',
      outcome: 'ok',
      fetched: 30,
      error: null,
    });
  });

  test('local changes that wait are no difference, nor are changes of tasks that are deleted on both sides', async () => {
    const { world, tells } = await open();
    const id = someId(world, 'invoiced');
    await world.sql`update invoiced.tasks set name = 'Later' where id = ${id}`;
    await world.sql`insert into invoiced.tasks (name, action, due_date) values ('New', 'phone', now())`;
    await world.sql`delete from freshbooks.tasks where id = ${someId(world, 'freshbooks')}`;
    const gone = someId(world, 'freshbooks', 1);
    remote(world, 'freshbooks').remove(gone);
    await world.poll('freshbooks');
    await world.sql`update freshbooks.tasks set description = 'Kept here' where id = ${gone}`;
    expect(await tells(0)).toMatchObject([
      { name: 'freshbooks', outcome: 'equal', different: 0, pending: 2, differences: [] },
      { name: 'invoiced', outcome: 'equal', different: 0, pending: 2, tasks: 30, rows: 31 },
    ]);
  });

  test('what people change at the API while it reads is no difference', async () => {
    const { world, tells } = await open({ sandbox: { invoiced: { tasks: 500 } } });
    const ids = remote(world, 'invoiced').ids();
    let acted = 0;
    const act = (id: number | undefined) => {
      acted++;
      if (id === undefined) return;
      if (acted % 3 === 0) remote(world, 'invoiced').remove(id);
      else if (acted % 3 === 1) remote(world, 'invoiced').rename(id, `Meanwhile ${acted}`);
      else remote(world, 'invoiced').create(`New ${acted}`);
    };
    // With each page that is read something changes, before it and behind it.
    const stop = onPages(world, () => {
      act(ids[acted * 7]);
      act(ids[ids.length - 1 - acted * 5]);
    });
    const [found] = await tells(0, '--connection', 'invoiced').finally(stop);
    expect(acted).toBeGreaterThan(4);
    expect(found).toMatchObject({ outcome: 'equal' });
  });
});

describe.each(connections)('of a damaged mirror of %s', (connection) => {
  test('it ends with 1 and says which rows differ and how, and a full resync mends them', async () => {
    const { world, tells, verify } = await open();
    const [renamed, dropped, ghost, tampered, revived] = [0, 1, 2, 3, 4].map((n) =>
      someId(world, connection, n),
    );
    const { sql } = world;
    const table = sql(`${connection}.tasks`);
    const before = await row(world, connection, renamed ?? 0);
    await sql`alter table ${table} disable trigger user`;
    await sql`update ${table} set name = 'Damaged' where id = ${renamed ?? 0}`;
    await sql`delete from ${table} where id = ${dropped ?? 0}`;
    await sql`
      insert into ${table} (row_id, connection, id, name, raw, synced_at)
      select 999999, connection, 999999, 'Ghost', raw || '{"id": 999999}', now() - interval '1 day' from ${table} where id = ${ghost ?? 0}`;
    await sql`update ${table} set raw = raw || '{"name": "Of old", "tname": "Of old"}' where id = ${tampered ?? 0}`;
    await sql`update ${table} set vis_state = 1 where id = ${revived ?? 0}`;
    await sql`
      insert into ${table} (row_id, connection, name) values (999998, ${connection}, 'Never made')`;
    await sql`alter table ${table} enable trigger user`;

    const [found] = await tells(1, '--connection', connection);
    expect(found).toMatchObject({
      outcome: 'different',
      different: 6,
      pending: 0,
      meanwhile: 0,
      unjudged: 0,
    });
    const by = Object.fromEntries(found.differences.map((each: { id: number }) => [String(each.id), each]));
    expect(by[String(renamed)]).toMatchObject({
      kind: 'differs',
      row_id: before['row_id'],
      behind: false,
      fields: { name: { mirror: 'Damaged', api: before['name'], last: before['name'], why: 'different' } },
    });
    expect(Object.keys(by[String(renamed)].fields)).toEqual(['name']);
    expect(by[String(dropped)]).toMatchObject({ kind: 'missing', row_id: null, fields: {} });
    expect(by['999999']).toMatchObject({ kind: 'deleted', row_id: '999999', name: 'Ghost' });
    expect(by[String(tampered)]).toMatchObject({ kind: 'differs', fields: { raw: { why: 'different' } } });
    expect(by[String(revived)]).toMatchObject({ fields: { vis_state: { mirror: 1, api: 0 } } });
    expect(by['null']).toMatchObject({ kind: 'unmade', row_id: '999998' });

    const { code, output } = await verify('--connection', connection);
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`^${connection}: 6 of 30 tasks differ\n`));
    expect(output).toContain(`    name: "Damaged" here, "${before['name']}" at the API\n`);
    expect(output.replace(/\s+/g, ' ')).toContain(`taskmirror resync --connection ${connection} --full`);
    expect(output.split('\n').filter((line) => line.length > 80)).toEqual([]);

    await sql`delete from sync.conflicts`;
    await world.walk(connection, { full: true });
    const [after] = await tells(1, '--connection', connection);
    // What was deleted or renamed here without notice is now a local change that waits; what was never made is for a person.
    expect(after).toMatchObject({ different: 1, pending: 2, differences: [{ kind: 'unmade' }] });
  });

  test('a value that changed silently at the API is a difference, and with no worker one that was told', async () => {
    const { world, tells } = await open();
    const [silent, told] = [someId(world, connection, 0), someId(world, connection, 1)];
    world.sandbox[connection].people.mangle(silent, {
      name: 'Silent',
      ...(connection === 'freshbooks' && { tname: 'Silent' }),
    });
    remote(world, connection).rename(told, 'Told');
    // Long ago, with nobody at work: nothing would bring it.
    world.sandbox.clock.advance(7_200_000);
    const found = (await tells(1)).find(({ name }: { name: string }) => name === connection);
    const by = Object.fromEntries(found.differences.map((each: { id: number }) => [String(each.id), each]));
    expect(by[String(silent)]).toMatchObject({ behind: false, fields: { name: { api: 'Silent' } } });
    expect(by[String(told)]).toMatchObject({ fields: { name: { api: 'Told' } } });
    expect(found.different).toBe(2);
  });

  test('more differences than can be looked at are counted, and the list is cut', async () => {
    const { world, tells } = await open({
      // A minute would be waited for the next requests that FreshBooks allows.
      sandbox: { invoiced: { tasks: 800 }, freshbooks: { tasks: 800, options: { rateLimit: 100_000 } } },
    });
    const table = world.sql(`${connection}.tasks`);
    await world.sql`alter table ${table} disable trigger user`;
    await world.sql`update ${table} set name = 'All alike'`;
    const [found] = await tells(1, '--connection', connection);
    expect(found.different + found.unjudged).toBe(800);
    expect(found.differences.length).toBeLessThan(600);
    expect(found.unjudged).toBeGreaterThan(200);
  }, 120_000);
});

describe('what it could not tell', () => {
  test('ends with 3 and the reason: no secret, a pause, a first read that is not over, an API that does not answer', async () => {
    const { world, env, verify } = await open();
    const without = await run(['verify'], { env: { DATABASE_URL: env['DATABASE_URL'] ?? '' } });
    expect(without.code).toBe(3);
    expect(without.output).toMatch(/^invoiced: could not tell: this process has no secret/m);
    await world.sql`update sync.connections set paused_at = now() where name = 'invoiced'`;
    expect((await verify('--connection', 'invoiced')).output.replace(/\s+/g, ' ')).toContain(
      'taskmirror resume invoiced',
    );
    await world.sql`update sync.connections set paused_at = null`;
    await world.sql`delete from sync.cursors where connection = 'freshbooks'`;
    expect(await verify('--connection', 'freshbooks')).toMatchObject({
      code: 3,
      output: expect.stringContaining('its first read is not over'),
    });
    world.sandbox.faults.add({ api: 'invoiced', route: '*', fault: { kind: 'status', status: 401 } });
    const { code, output } = await verify('--connection', 'invoiced');
    expect(code).toBe(3);
    expect(output).toMatch(/401/);
    // What this process met is no news of the connection.
    expect(await world.sql`select from sync.connections where problem is not null`).toEqual([]);
    expect(await world.lastRun('invoiced')).toMatchObject({ kind: 'verify', outcome: 'failed' });
  });

  test('a key of another account is not compared, nor remembered', async () => {
    const { world, env } = await open();
    // Of another size, so that its tasks are spread otherwise over time: a creation time tells accounts apart.
    const other = await open({ sandbox: { invoiced: { tasks: 45 } } });
    const before = await world.sql`select * from sync.connections`;
    const result = await run(['verify', '--connection', 'invoiced'], {
      env: { ...other.env, DATABASE_URL: env['DATABASE_URL'] ?? '' },
    });
    expect(result.code).toBe(3);
    expect(result.output.replace(/\s+/g, ' ')).toContain('is not the one that was mirrored so far');
    expect(await world.sql`select * from sync.connections`).toEqual(before);
  });

  test('a task that can not be read is named', async () => {
    const { world, tells } = await open();
    world.sandbox.invoiced.people.mangle(someId(world, 'invoiced'), { complete: 'maybe' });
    const [found] = await tells(3, '--connection', 'invoiced');
    expect(found).toMatchObject({ outcome: 'unknown', different: 0, unreadable: 1 });
    expect(found.unreadable_tasks).toMatchObject([{ reason: expect.stringContaining('complete') }]);
  });

  test('an API that lists nothing does not look like one without tasks', async () => {
    const { world, tells } = await open();
    world.sandbox.faults.add({
      api: 'invoiced',
      route: 'tasks.list',
      times: 1,
      fault: { kind: 'empty-list' },
    });
    expect(await tells(0, '--connection', 'invoiced')).toMatchObject([
      { outcome: 'equal', meanwhile: 30, tasks: 0 },
    ]);
  });

  test('wrong usage ends with 2', async () => {
    const { verify } = await open();
    expect(await verify('--connection', 'invoicd')).toMatchObject({ code: 2 });
    expect(await verify('--conection', 'x')).toMatchObject({ code: 2 });
  });
});

test('a change that the API refused is a difference with its words, until it is taken back', async () => {
  const { world, tells } = await open();
  const id = someId(world, 'invoiced');
  world.sandbox.faults.add({
    api: 'invoiced',
    route: 'tasks.update',
    times: 1,
    fault: { kind: 'status', status: 400 },
  });
  await world.sql`update invoiced.tasks set name = 'Refused' where id = ${id}`;
  await world.push('invoiced');
  expect(await tells(1, '--connection', 'invoiced')).toMatchObject([
    { different: 0, failed: 1, refused: [{ id, action: 'update', error: expect.any(String) }] },
  ]);
});

test('ids that were given up, and tasks gone for good, are no difference', async () => {
  const { world, tells } = await open();
  const [gone, anew] = [someId(world, 'invoiced', 0), someId(world, 'invoiced', 1)];
  await world.sql`delete from invoiced.tasks where id in (${gone}, ${anew})`;
  await world.push('invoiced');
  await world.sql`update invoiced.tasks set vis_state = 0 where id = ${anew}`;
  await world.push('invoiced');
  expect(await world.sql`select from sync.retired_ids`).toHaveLength(1);
  expect(await tells(0, '--connection', 'invoiced')).toMatchObject([
    { outcome: 'equal', tasks: 29, rows: 30 },
  ]);
});

test('beside a daemon that polls, pushes and sweeps it waits its turn, and what is changed meanwhile is no difference', async () => {
  const world = await openDaemonWorld();
  const folder = makeFolder();
  const worker = runProgram(['start'], { env: { ...world.env, SWEEP_EVERY: '1s', PUSH_DELAY: '0' }, folder });
  await until('both are read', async () => (await world.sql`select from sync.cursors`).length === 2, 60_000);
  let n = 0;
  const busy = setInterval(() => {
    n++;
    const id = world.sandbox.invoiced.people.randomId();
    if (id !== undefined) world.sandbox.invoiced.people.edit(id, { name: `Edit ${n}` });
    world.sql`
      update freshbooks.tasks set name = ${`Local ${n}`}
      where id = (select id from freshbooks.tasks where vis_state = 0 order by random() limit 1)`.catch(
      () => {},
    );
  }, 40);
  try {
    const verify = runProgram(['verify', '--json'], { env: world.env, folder });
    const code = await verify.ended;
    expect(code === 0 ? '' : verify.output()).toBe('');
    const { connections: found } = JSON.parse(verify.output());
    expect(found).toMatchObject([{ outcome: 'equal' }, { outcome: 'equal', tasks: 234 }]);
    expect(n).toBeGreaterThan(5);
  } finally {
    clearInterval(busy);
  }
  // Sweeps and it wait for each other: none was broken off.
  const runs = await world.sql`select outcome, error from sync.runs where lease = 'walk' and outcome <> 'ok'`;
  expect(runs).toEqual([]);
  worker.kill('SIGTERM');
  expect(await worker.ended).toBe(0);
}, 120_000);

test('Ctrl-C ends it with 130, and leaves nothing behind', async () => {
  const { world, env } = await open();
  world.sandbox.setLatency(60_000);
  const verify = runProgram(['verify'], { env, folder: makeFolder() });
  await until(
    'it reads',
    async () => (await world.sql`select from sync.runs where kind = 'verify'`).length > 0,
    30_000,
  );
  verify.kill('SIGINT');
  expect(await verify.ended).toBe(130);
  expect(await world.sql`select outcome from sync.runs where kind = 'verify'`).toEqual([
    { outcome: 'interrupted' },
  ]);
  expect(await world.sql`select from sync.leases where ends_at > now()`).toEqual([]);
}, 60_000);

async function open(options: WorldOptions = {}) {
  const { world } = await mirrored(options);
  const { invoiced, freshbooks } = world.sandbox;
  const env: Record<string, string> = {
    DATABASE_URL: world.db.url,
    CREDENTIALS_KEY: KEY,
    INVOICED_API_KEY: invoiced.apiKey,
    INVOICED_BASE_URL: invoiced.url,
    FRESHBOOKS_ACCOUNT_ID: freshbooks.accountId,
    FRESHBOOKS_BASE_URL: freshbooks.url,
    FRESHBOOKS_CLIENT_ID: freshbooks.clientId,
    FRESHBOOKS_CLIENT_SECRET: freshbooks.clientSecret,
    FRESHBOOKS_REDIRECT_URI: freshbooks.redirectUri,
  };
  // No pull comes in these tests unless they make it, so none is waited for.
  await world.sql`update sync.connections set poll_every_ms = 100, last_pull_at = last_pull_at - interval '5 minutes'`;
  const verify = (...args: string[]) => run(['verify', ...args], { env });
  return {
    world,
    env,
    verify,
    // biome-ignore lint/suspicious/noExplicitAny: what programs get is looked at by tests
    tells: async (expected: number, ...args: string[]): Promise<any> => {
      const { code, output, errors } = await verify(...args, '--json');
      expect({ code, errors, output: code === expected ? '' : output }).toEqual({
        code: expected,
        errors: '',
        output: '',
      });
      return JSON.parse(output).connections;
    },
  };
}

/** All that a verification must leave as it is. */
async function everything(world: World) {
  const { sql } = world;
  return {
    rows: await Promise.all(connections.map((each: Connection) => versions(world, each))),
    connections: await sql`select *, xmin::text from sync.connections`,
    cursors: await sql`select *, xmin::text from sync.cursors`,
    others:
      await sql`select (select count(*) from sync.writes), (select count(*) from sync.conflicts), (select count(*) from sync.unreadable), (select count(*) from sync.walks)`,
  };
}

/** Calls back with each page of a listing that is asked for. */
function onPages({ sandbox }: World, act: () => void): () => void {
  let seen = sandbox.log.mark();
  const timer = setInterval(() => {
    const asked = sandbox.log.count({ after: seen, route: 'tasks.list' });
    if (asked === 0) return;
    seen = sandbox.log.mark();
    act();
  }, 2);
  sandbox.setLatency(30);
  return () => clearInterval(timer);
}
