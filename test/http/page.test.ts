import { once } from 'node:events';
import { request } from 'node:http';
import type postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorld, type World } from '../daemon/world.js';
import { until } from '../servers/index.js';
import { serveWith } from './alone.js';
import { ask, serveDaemon } from './daemon.js';

/** A daemon of this process with both accounts read, and its page. */
let world: World;
let url: string;
const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

const HOSTILE = '<img src=x onerror="document.title=1">';

beforeAll(async () => {
  world = await openWorld({
    sandbox: { invoiced: { tasks: 40 }, freshbooks: { tasks: 40 } },
    onEnd: (close) => closers.push(close),
  });
  const daemon = await world.start({ HTTP_PORT: '0', PUSH_DELAY: '0' });
  url = (await daemon.url) ?? '';
  await until('both are read', async () => (await world.sql`select from sync.cursors`).length === 2, 30_000);
});

test('the page holds no script and no style of its own, nothing from elsewhere, and a policy that allows neither', async () => {
  const { status, headers, text } = await ask(url);
  expect(status).toBe(200);
  expect(headers.get('content-type')).toContain('text/html');
  expect(headers.get('cache-control')).toBe('no-store');
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
  expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?! type="module" src="\/page\.js\?[\w-]+">)/);
  const addresses = [...text.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, address = '']) => address);
  for (const address of addresses) expect(address).toMatch(/^\/(?!\/)/);
  for (const address of addresses.filter((each) => /^\/(page|icon)/.test(each))) {
    const asset = await ask(url + address);
    expect({ address, status: asset.status }).toEqual({ address, status: 200 });
    expect(asset.headers.get('cache-control')).toContain('immutable');
  }
});

test('times are UTC and say so, with their day unless that is today', async () => {
  const [run] = await world.sql`
    insert into sync.runs (connection, kind, lease, outcome, error, started_at, finished_at)
    values ('invoiced', 'verify', 'walk', 'failed', 'of another day', '2026-03-01T23:59:58Z', '2026-03-02T00:00:01Z') returning run_id`;
  const { text } = await ask(url);
  expect(text).toMatch(
    /<time datetime="2026-03-01T23:59:58Z">2026-03-01 23:59:58 UTC<\/time> <span class="ago" data-at="1772409598000">\d+ d/,
  );
  expect(text).toMatch(/<time datetime="[\d-]+T(\d\d:\d\d:\d\d)Z">\1 UTC<\/time>/);
  await world.sql`delete from sync.runs where run_id = ${run?.['run_id'] ?? 0}`;
});

test('failed rows stand there with the words of the API, whatever they are called, and what is long is cut', async () => {
  await fail('invoiced', [HOSTILE, `right \u202eto left`, 'x'.repeat(100_000)]);
  const { text } = await ask(url);
  expect(text).not.toContain('<img');
  expect(text).toContain('&lt;img src=x onerror=');
  expect(text).toContain('right ?to left');
  expect(text).not.toContain('\u202e');
  expect(text).toContain('x…');
  expect(text.length).toBeLessThan(100_000);
  expect(text).toContain('words &lt;b&gt;of the API');
  await retryAll('invoiced');
});

test('a row that cannot be planned leaves all else to be seen', async () => {
  const [rowId = '0'] = await fail('freshbooks', ['Unplanned']);
  const [row] = await world.sql`select raw from freshbooks.tasks where row_id = ${rowId}`;
  await asWorker(
    (tx) => tx`
    update freshbooks.tasks set raw = jsonb_set(raw, '{rate,amount}', '7'::jsonb) where row_id = ${rowId}`,
  );
  const { status, text } = await ask(url);
  expect(status).toBe(200);
  expect(text).toContain('1 row could not be sent');
  expect(text).toContain('1 more: <code>taskmirror plan</code>');
  await asWorker(
    (tx) => tx`update freshbooks.tasks set raw = ${tx.json(row?.['raw'])} where row_id = ${rowId}`,
  );
  await retryAll('freshbooks');
});

test('a retry from the page is sent to the API by the daemon that runs, and told in words', async () => {
  const [rowId = ''] = await fail('freshbooks', ['Sent after all']);
  const { status, text } = await post({ action: 'retry', row: rowId });
  expect(status).toBe(200);
  expect(JSON.parse(text).said).toBe(`Row ${rowId} of freshbooks will be sent again.`);
  await until('it is sent', async () => (await rowOf('freshbooks', rowId))['sync_state'] === 'synced');
  const task = world.sandbox.freshbooks.people.task(Number((await rowOf('freshbooks', rowId))['id']));
  expect(task?.name).toBe('Sent after all');
  const again = await post({ action: 'retry', row: rowId });
  expect(JSON.parse(again.text).said).toContain('is synced: there is nothing to send');
});

test('a conflict stands there with both sides, and its loser is put back', async () => {
  const [row] =
    await world.sql`select row_id, id from freshbooks.tasks where vis_state = 0 order by id limit 1`;
  const rowId = String(row?.['row_id']);
  const [conflict] = await world.sql`
    insert into sync.conflicts (connection, row_id, field, base, local, remote, winner, reason)
    values ('freshbooks', ${rowId}, 'name', '"Before"', '"Here"', '"There"', 'remote', 'both changed it')
    returning conflict_id`;
  const id = String(conflict?.['conflict_id']);
  const { text: page } = await ask(url);
  const at = page.indexOf(`id="conflict-${id}"`);
  for (const value of ['Before', 'Here', 'There', 'both changed it'])
    expect(page.indexOf(value)).toBeGreaterThan(at);
  const { status, text } = await post({ action: 'restore', conflict: id });
  expect({ status, said: JSON.parse(text).said }).toMatchObject({
    status: 200,
    said: expect.stringMatching(`^Conflict ${id}: name of row ${rowId}, task \\d+ .* is "Here" again`),
  });
  await until('the API has it', () => {
    return world.sandbox.freshbooks.people.task(Number(row?.['id']))?.name === 'Here';
  });
  const again = await post({ action: 'restore', conflict: id });
  expect(again).toMatchObject({ status: 409, text: expect.stringContaining('was restored already') });
});

test('a link in trouble stands there with its rows and what to do, whatever they are called', async () => {
  const made = await world.sql`
    with left_rows as (insert into invoiced.tasks (name, action, due_date) values (${HOSTILE}, 'phone', now()), ('Stuck', 'phone', now()) returning row_id, name),
      right_rows as (insert into freshbooks.tasks (name) values (${HOSTILE}), (${HOSTILE}), ('Stuck') returning row_id, name)
    select 'left' as side, row_id, name from left_rows union all select 'right', row_id, name from right_rows order by 1, 2`;
  const rowsOf = (side: string, name: string) =>
    made.filter((row) => row['side'] === side && row['name'] === name).map((row) => String(row['row_id']));
  const [stuck = ''] = rowsOf('right', 'Stuck');
  await world.sql`insert into sync.link_rules (name, invoiced_where, freshbooks_where) values ('img', 'name like ''<img%''', 'name like ''<img%''')`;
  const [link] =
    await world.sql`insert into sync.links (left_row_id, right_row_id) values (${rowsOf('left', 'Stuck')[0] ?? ''}, ${stuck}) returning link_id`;
  await until('they agree', async () => {
    const [{ base } = { base: null }] =
      await world.sql`select base from sync.links where link_id = ${link?.['link_id']}`;
    return base !== null;
  });
  await asWorker((tx) => tx`update freshbooks.tasks set name = ' ' where row_id = ${stuck}`);
  await world.sql`select pg_notify('taskmirror_edits', '')`;
  const section = await until('both are told', async () => {
    const { text } = await ask(url);
    const [found] = /<section id="links".*?<\/section>/.exec(text) ?? [];
    return found?.includes('resolve') && found.includes('failed') ? found : null;
  });
  expect(section).not.toContain('<img');
  expect(section).toContain('&lt;img src=x onerror=');
  const [ambiguous] = await world.sql`select link_id from sync.links where state = 'ambiguous'`;
  const [candidate] = rowsOf('right', HOSTILE);
  expect(section).toContain(`<code>taskmirror links resolve ${ambiguous?.['link_id']} ${candidate}</code>`);
  expect(section).toContain('a task needs a name');
  expect(section).toContain(`<code>taskmirror links remove ${link?.['link_id']}</code>`);
  await world.sql`delete from sync.link_rules`;
  await world.sql`delete from sync.links`;
  await until('nothing is told', async () =>
    (await ask(url)).text.includes('<section id="links" aria-labelledby="links-title" hidden'),
  );
});

test('a connection is paused and resumed', async () => {
  const paused = await post({ action: 'pause', connection: 'invoiced' });
  expect(JSON.parse(paused.text).said).toContain('invoiced is paused: nothing more is read or sent');
  const { text } = await ask(url);
  expect(text).toMatch(/<button type="submit">Resume/);
  expect(text).toContain('It is paused; to go on: taskmirror resume invoiced');
  const resumed = await post({ action: 'resume', connection: 'invoiced' });
  expect(JSON.parse(resumed.text).said).toContain('invoiced goes on');
  expect((await post({ action: 'pause', connection: 'nobody' })).status).toBe(409);
});

test('without its script a form gives the page again, with what was done', async () => {
  const { status, headers, text } = await post(
    { action: 'retry-all', connection: 'invoiced' },
    { accept: 'text/html' },
  );
  expect(status).toBe(200);
  expect(headers.get('content-type')).toContain('text/html');
  expect(text).toContain('<div id="said" role="status" tabindex="-1"><p>No row has failed.</p></div>');
});

test.each([
  ['without a token', { token: '' }, {}, 403],
  ['with another token', { token: 'x'.repeat(43) }, {}, 403],
  ['from a page of another site', {}, { 'sec-fetch-site': 'cross-site' }, 403],
  ['from a page of another origin, in an old browser', {}, { origin: 'http://evil.example' }, 403],
  ['from a page of another name that was led here', {}, { host: 'evil.example' }, 421],
  ['that asks for something else', { action: 'drop' }, {}, 400],
  ['of a row that is none', { row: '1; drop table x' }, {}, 400],
  ['of a row that there is not', { row: '999999999' }, {}, 409],
  ['that is too long', { row: '1'.repeat(10_000) }, {}, 413],
] as const)('a form %s changes nothing', async (_, form, headers, status) => {
  const [rowId = ''] = await fail('invoiced', ['Left alone']);
  const answer = await send({ token: await formToken(), action: 'retry', row: rowId, ...form }, headers);
  expect(answer).toBe(status);
  expect((await rowOf('invoiced', rowId))['sync_state']).toBe('failed');
  await retryAll('invoiced');
});

test('what is shown of a thousand rows and conflicts is bounded, and says how many more there are', async () => {
  await world.sql`update sync.connections set paused_at = now()`;
  const names = Array.from({ length: 30 }, (_, index) => `Refused ${index}`);
  await fail('invoiced', names);
  await world.sql`
    update freshbooks.tasks set description = 'waits' where row_id in (
      select row_id from freshbooks.tasks where vis_state = 0 order by row_id limit 30)`;
  await world.sql`
    insert into sync.conflicts (connection, row_id, field, base, local, remote, winner, reason)
    select 'freshbooks', row_id, 'name', '"a"', '"b"', '"c"', 'remote', 'many' from freshbooks.tasks, generate_series(1, 25)`;
  const [count] =
    await world.sql`select count(*)::int as conflicts from sync.conflicts where restored_at is null`;
  const { text } = await ask(url);
  expect(text.match(/id="failed-\d+"/g)).toHaveLength(20);
  expect(text).toContain('10 more: <code>taskmirror plan</code>');
  expect(text.match(/id="planned-\d+"/g)).toHaveLength(20);
  expect(text).toContain('10 more rows: <code>taskmirror plan</code>');
  expect(text.match(/id="conflict-\d+"/g)).toHaveLength(20);
  expect(text).toContain(`${(Number(count?.['conflicts']) - 20).toLocaleString('en-US')} more conflicts`);
  await world.sql`delete from sync.conflicts where reason = 'many'`;
  await world.sql`update sync.connections set paused_at = null`;
  await retryAll('invoiced');
});

test('who looks on is told of a change without asking, and the stream ends when the daemon stops', async () => {
  const daemon = await world.start({ HTTP_PORT: '0', PUSH: 'off' });
  const answer = await fetch(`${await daemon.url}/live`);
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  const events = reading(answer);
  await events.until('"id":"conflicts"');
  await world.sql`
    insert into sync.conflicts (connection, row_id, field, winner, reason)
    select 'invoiced', row_id, 'name', 'remote', 'seen live' from invoiced.tasks limit 1`;
  await events.until('seen live');
  const asked = performance.now();
  const stopped = daemon.stop();
  await events.end();
  expect(await stopped).toBe(true);
  expect(performance.now() - asked).toBeLessThan(10_000);
});

test('a process with readers that take all and readers that take nothing ends at SIGTERM, with 0', async () => {
  const { program, url: address } = await serveDaemon({ ...world.env, PUSH: 'off' });
  const quick = reading(await fetch(`${address}/live`));
  await quick.until('event: at');
  const idle = request(`${address}/live`).end();
  await once(idle, 'response');
  idle.on('error', () => {});
  program.kill('SIGTERM');
  const asked = performance.now();
  await quick.end();
  expect(await program.ended).toBe(0);
  expect(performance.now() - asked).toBeLessThan(15_000);
}, 60_000);

test('while the database is away the page says so with its cure, and no button is there to be pressed', async () => {
  const { status, text } = await ask(await serveWith({}));
  expect(status).toBe(503);
  expect(text).toMatch(/The database at 127\.0\.0\.1:\d+\/none can&#39;t be reached .*: check DATABASE_URL/);
  expect(text).not.toContain('<button');
});

test('the page shows no secret', async () => {
  const { text } = await ask(url);
  for (const name of [
    'INVOICED_API_KEY',
    'FRESHBOOKS_CLIENT_SECRET',
    'FRESHBOOKS_REFRESH_TOKEN',
    'CREDENTIALS_KEY',
  ])
    expect(text).not.toContain(world.env[name]);
});

/** Renames tasks of the mirror and leaves them as the API's refusal would. Gives their row_ids. */
async function fail(source: 'invoiced' | 'freshbooks', names: readonly string[]): Promise<readonly string[]> {
  return world.sql.begin(async (tx) => {
    const rows =
      await tx`select row_id from ${tx(source)}.tasks where vis_state = 0 order by row_id limit ${names.length} for update`;
    const rowIds = rows.map((row) => String(row['row_id']));
    expect(rowIds).toHaveLength(names.length);
    for (const [index, rowId] of rowIds.entries())
      await tx`update ${tx(source)}.tasks set name = ${names[index] ?? ''} where row_id = ${rowId}`;
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`
      update ${tx(source)}.tasks set sync_state = 'failed', sync_error = 'words <b>of the API'
      where row_id = any(${rowIds}::bigint[])`;
    return rowIds;
  });
}

async function asWorker(statement: (tx: postgres.TransactionSql) => Promise<unknown>): Promise<void> {
  await world.sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await statement(tx);
  });
}

/** Leaves no failed row to the next test. */
async function retryAll(connection: 'invoiced' | 'freshbooks'): Promise<void> {
  expect((await post({ action: 'retry-all', connection })).status).toBe(200);
}

async function rowOf(source: string, rowId: string): Promise<Record<string, unknown>> {
  const [row] = await world.sql`select * from ${world.sql(source)}.tasks where row_id = ${rowId}`;
  return row ?? {};
}

async function formToken(): Promise<string> {
  return /name="token" value="([^"]+)"/.exec((await ask(url)).text)?.[1] ?? '';
}

async function post(
  form: Readonly<Record<string, string>>,
  headers: Record<string, string> = { accept: 'application/json' },
) {
  const body = new URLSearchParams({ token: await formToken(), ...form });
  return ask(url, { method: 'POST', headers, body });
}

/** With headers that `fetch` sets itself. */
function send(form: Record<string, string>, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const sent = request(url, { method: 'POST', headers: { ...type, ...headers } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on('error', reject);
    sent.end(new URLSearchParams(form).toString());
  });
}

function reading(answer: Response) {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    until: async (told: string) => {
      while (!text.includes(told)) {
        const { done, value = '' } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`It ended before it told ${told}.`);
        text += value;
      }
    },
    end: async () => {
      for (;;) if ((await reader?.read())?.done !== false) return;
    },
  };
}
