import { createServer } from 'node:http';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Daemon } from '../../src/daemon/daemon.js';
import { openWorld, type World } from '../daemon/world.js';
import { startBrowser, type TestBrowser } from '../servers/browser.js';
import { freePort, until } from '../servers/index.js';
import { dimTexts, loaded, overhang, poorButtons } from './looks.js';

vi.setConfig({ testTimeout: 60_000 });

let world: World;
let daemon: Daemon;
let url: string;
let chromium: TestBrowser;
const closers: (() => Promise<void>)[] = [];
const pages: (() => Promise<void>)[] = [];

let failed = 0;

const HOSTILE = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';

beforeAll(async () => {
  // It may have to be fetched, while the accounts are read.
  const starting = startBrowser([`--host-resolver-rules=MAP evil.example 127.0.0.1`]);
  starting.catch(() => {});
  world = await openWorld({
    sandbox: { invoiced: { tasks: 40 }, freshbooks: { tasks: 40 } },
    onEnd: (close) => closers.push(close),
  });
  daemon = await world.start({ HTTP_PORT: '0', PUSH_DELAY: '0' });
  url = (await daemon.url) ?? '';
  await until('both are read', async () => (await world.sql`select from sync.cursors`).length === 2, 30_000);
  chromium = await starting;
  closers.push(chromium.close);
}, 240_000);

afterAll(async () => {
  for (const close of closers.reverse()) await close();
}, 60_000);

afterEach(async () => {
  for (const close of pages.splice(0)) await close();
  await world.sql`delete from sync.conflicts`;
});

test('it is made of a few small files of its own, and shows what SQL says', async () => {
  const page = await open();
  const { urls, bytes } = await loaded(page);
  const own = new URL(url).origin;
  expect(urls.filter((asked) => new URL(asked).origin !== own)).toEqual([]);
  expect(urls.length).toBeLessThanOrEqual(4);
  const paths = urls.map((asked) => new URL(asked).pathname);
  expect(paths).toEqual(expect.arrayContaining(['/', '/page.css', '/page.js']));
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(40_000);
  for (const source of ['invoiced', 'freshbooks']) {
    const [counts] = await world.sql`
      select count(*) filter (where vis_state = 0)::int as active, count(*) filter (where vis_state = 1)::int as deleted
      from ${world.sql(source)}.tasks`;
    const card = page.locator(`#card-${source}`);
    await shows(card, `${counts?.['active']} active`);
    await shows(card, `${counts?.['deleted']} deleted`);
    await shows(card, 'in sync');
    await shows(card, /poll (in \d+ s|due now), sweep in/);
    const [run] = await world.sql`
      select sum(inserted + updated + deleted)::int as pulled from sync.runs where connection = ${source}`;
    await until(
      'the chart has all',
      async () => {
        const label = await card.getByRole('img').last().getAttribute('aria-label');
        return label?.startsWith(
          `Changes over the last 24 hours: ${run?.['pulled']} rows from the API, 0 sent`,
        );
      },
      30_000,
    );
  }
  await shows(page.locator('#summary'), '2 connections: 2 in sync');
});

test('what happens is seen without a reload: a conflict, a row that fails, and that a person is needed', async () => {
  const page = await open();
  await shows(page.locator('#conflicts'), 'Nothing was overruled');
  const { conflictId } = await conflict('Live');
  await shows(page.locator(`#conflict-${conflictId}`), '"Live here"');
  expect(await page.title()).toBe('taskmirror');
  const rowId = await fail('invoiced', 'Fails as you look');
  await shows(page.locator(`#failed-${rowId}`), 'Fails as you look');
  await shows(page.locator('#needs'), '1 row could not be sent');
  await until('the title tells', async () => (await page.title()) === '(1) taskmirror');
  await page.locator(`#failed-${rowId}`).getByRole('button').click();
  await until('it has left', async () => await page.locator('#failed').isHidden());
  await shows(page.locator('#summary'), '2 in sync');
});

test('a run that is under way is seen with how far it is', async () => {
  await world.sql`
    with run as (
      insert into sync.runs (connection, kind, lease, pages, fetched, total) values ('invoiced', 'verify', 'walk', 3, 300, 1200)
      returning run_id
    )
    insert into sync.leases (connection, kind, run_id, ends_at)
    select 'invoiced', 'walk', run_id, now() + interval '1 hour' from run
    on conflict (connection, kind) do update set run_id = excluded.run_id, ends_at = excluded.ends_at`;
  const page = await open();
  await shows(page.locator('#now'), /verify, running: 300 rows of 1,200/);
  expect(await page.getByRole('progressbar').getAttribute('value')).toBe('300');
  await world.sql`update sync.runs set fetched = 600 where kind = 'verify'`;
  await shows(page.locator('#now'), '600 rows of 1,200');
  await world.sql`update sync.runs set outcome = 'ok', finished_at = now() where kind = 'verify'`;
  await world.sql`update sync.leases set ends_at = now() where kind = 'walk'`;
  await shows(page.locator('#now'), 'No run is under way');
});

test('by keyboard alone a failed row is sent again, seen on its way, and what was done is told', async () => {
  const rowId = await fail('freshbooks', 'By keyboard');
  const page = await open();
  await reach(page, `Send again row ${rowId}`);
  const outline = await page.evaluate(
    () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
  );
  expect(outline).not.toBe('none');
  await page.keyboard.press('Enter');
  await shows(page.getByRole('status').first(), `Row ${rowId} of freshbooks will be sent again.`);
  await until('the API has it', async () => {
    const [row] = await world.sql`select id, sync_state from freshbooks.tasks where row_id = ${rowId}`;
    return world.sandbox.freshbooks.people.task(Number(row?.['id']))?.name === 'By keyboard';
  });
  await until('it has left the page', () =>
    page
      .locator(`#failed-${rowId}`)
      .count()
      .then((count) => count === 0),
  );
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('said');
  await reach(page, 'Close');
  await page.keyboard.press('Enter');
  await until('it is closed', async () => (await page.locator('#said').textContent()) === '');
});

test('an overruled value is restored with one press', async () => {
  const { conflictId, id } = await conflict('Press');
  const page = await open();
  const row = page.locator(`#conflict-${conflictId}`);
  for (const [side, value] of [
    ['before', 'Press before'],
    ['here, by SQL · overruled', 'Press here'],
    ['at the API · kept', 'Press there'],
  ] as const)
    await shows(row.locator('.side', { hasText: side.split(' ·')[0] ?? '' }), value);
  await row.getByRole('button', { name: 'Restore "Press here" of conflict' }).click();
  await shows(page.locator('#said'), `Conflict ${conflictId}: name of row`);
  await until('the API has it', () => world.sandbox.freshbooks.people.task(id)?.name === 'Press here');
  await until('it has left the page', async () => (await row.count()) === 0);
});

test.each([
  ['light', 1100],
  ['dark', 1100],
  ['light', 360],
  ['dark', 360],
] as const)(
  'in %s, %d pixels wide, all is legible, nothing sticks out and buttons are to be hit',
  async (colorScheme, width) => {
    await fail('invoiced', `${'Long'.repeat(200)} \u05d0\u05d1 name`);
    await conflict('Look');
    await world.sql`update sync.connections set paused_at = now() where name = 'freshbooks'`;
    await world.sql`insert into sync.runs (connection, kind, lease, outcome, started_at, finished_at, error) values
    ('invoiced', 'sweep', 'walk', 'stopped', now(), now(), ${'w'.repeat(500)}), ('invoiced', 'poll', 'poll', 'failed', now(), now(), 'no')`;
    const page = await open({ colorScheme, viewport: { width, height: 800 } });
    await shows(page.locator('#needs'), 'It is paused');
    expect(await overhang(page)).toBe(0);
    expect(await dimTexts(page)).toEqual([]);
    expect(await poorButtons(page)).toEqual([]);
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(ground).toBe(colorScheme === 'light' ? 'rgb(247, 247, 244)' : 'rgb(20, 24, 23)');
    await world.sql`delete from sync.runs where outcome in ('stopped', 'failed')`;
    await world.sql`update sync.connections set paused_at = null`;
    await world.sql`update invoiced.tasks set sync_state = 'pending' where sync_state = 'failed'`;
  },
);

test('a task whose name is a script does nothing, and the policy would stop it if it tried', async () => {
  const rowId = await fail('invoiced', HOSTILE);
  const page = await open();
  await shows(page.locator(`#failed-${rowId}`), '<img src=x');
  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(await hits(page)).toBeNull();
  // The check can fail: here is what such a page would do, put there past all escaping.
  await page.evaluate(
    (html) => document.querySelector('main')?.insertAdjacentHTML('beforeend', html),
    HOSTILE,
  );
  await until('the policy has spoken', () =>
    complaintsOf(page).some((text) => text.includes('Content Security Policy')),
  );
  expect(await hits(page)).toBeNull();
  complaints.delete(page);
  await world.sql`update invoiced.tasks set sync_state = 'pending' where sync_state = 'failed'`;
});

test('without scripts the page reads, and a button gives it again with what was done', async () => {
  const rowId = await fail('freshbooks', 'No script');
  const page = await open({ javaScriptEnabled: false });
  await shows(page.locator('#as-of'), 'as it was loaded');
  await page.locator(`#failed-${rowId}`).getByRole('button').click();
  await shows(page.locator('#said'), `Row ${rowId} of freshbooks will be sent again.`);
});

test('another site can press no button, load nothing and show nothing under a name of its own', async () => {
  const rowId = await fail('invoiced', 'Not theirs');
  const token = /name="token" value="([^"]+)"/.exec(await (await fetch(url)).text())?.[1];
  const other = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html');
    // As much as can be known, the token even.
    answer.end(`<form method="post" action="${url}/"><input name="token" value="${token}"><input name="action" value="retry">
      <input name="row" value="${rowId}"><button>Win a prize</button></form><iframe src="${url}/"></iframe>`);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  const page = await blank();
  await page.goto(`http://localhost:${port}/`);
  expect(await page.frameLocator('iframe').locator('body').textContent()).not.toContain('invoiced');
  await page.getByRole('button').click();
  await shows(page.locator('body'), 'A page of another origin may load and change nothing here');
  const [row] = await world.sql`select sync_state from invoiced.tasks where row_id = ${rowId}`;
  expect(row?.['sync_state']).toBe('failed');
  const answer = await page.goto(`http://evil.example:${new URL(url).port}/`);
  expect(answer?.status()).toBe(421);
  await new Promise((resolve) => other.close(resolve));
  await world.sql`update invoiced.tasks set sync_state = 'pending' where sync_state = 'failed'`;
});

test('where there is a token it is asked for, and with it the page is live and its buttons work', async () => {
  const HTTP_TOKEN = 'the token of this test';
  const guarded = await world.start({ HTTP_PORT: '0', HTTP_TOKEN, PUSH: 'off' });
  const address = (await guarded.url) ?? '';
  const stranger = await blank();
  const refused = await stranger.goto(address).catch(() => null);
  expect(refused?.status() ?? 401).toBe(401);
  const page = await open({ httpCredentials: { username: 'me', password: HTTP_TOKEN } }, address);
  await page.locator('#card-invoiced').getByRole('button', { name: 'Pause invoiced' }).click();
  await shows(page.locator('#said'), 'invoiced is paused');
  await page.locator('#card-invoiced').getByRole('button', { name: 'Resume invoiced' }).click();
  await shows(page.locator('#said'), 'invoiced goes on');
  expect(await page.content()).not.toContain(HTTP_TOKEN);
  await guarded.stop();
});

test('a daemon that stops lets go of who looks on at once; the page says so, and goes on with the next one', async () => {
  const HTTP_PORT = String(await freePort());
  const first = await world.start({ HTTP_PORT, PUSH: 'off' });
  const page = await open({}, (await first.url) ?? '');
  const asked = performance.now();
  expect(await first.stop()).toBe(true);
  expect(performance.now() - asked).toBeLessThan(10_000);
  await shows(page.locator('#live'), 'not live any more');
  complaints.delete(page);
  const second = await world.start({ HTTP_PORT, PUSH: 'off' });
  await live(page, 30_000);
  complaints.delete(page);
  await second.stop();
});

/** What the console of a page has said of errors, a broken policy among them. */
const complaints = new Map<Page, string[]>();
const complaintsOf = (page: Page): readonly string[] => complaints.get(page) ?? [];

/** A page of a context of its own. It is to complain of nothing. */
async function blank(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await chromium.browser.newContext(options);
  const page = await context.newPage();
  const told: string[] = [];
  complaints.set(page, told);
  page.on('console', (message) => void (message.type() === 'error' && told.push(message.text())));
  page.on('pageerror', ({ message }) => void told.push(message));
  pages.push(() => context.close());
  return page;
}

async function open(options: BrowserContextOptions = {}, address = url): Promise<Page> {
  const page = await blank(options);
  pages.unshift(async () => void expect(complaintsOf(page)).toEqual([]));
  await page.goto(address);
  if (options.javaScriptEnabled !== false) await live(page);
  return page;
}

async function live(page: Page, withinMs?: number): Promise<void> {
  await until('it is live', async () => (await page.locator('#live').textContent()) === ', live', withinMs);
}

async function shows(part: ReturnType<Page['locator']>, text: string | RegExp): Promise<void> {
  let seen: string | null = null;
  const is = typeof text === 'string' ? () => seen?.includes(text) : () => text.test(seen ?? '');
  await until(`${text} is shown`, async () => {
    seen = await part.first().textContent({ timeout: 1_000 });
    if (!is()) throw new Error(`It shows: ${seen}`);
    return true;
  });
}

/** Goes there with the Tab key. */
async function reach(page: Page, name: string): Promise<void> {
  for (let steps = 0; steps < 60; steps += 1) {
    await page.keyboard.press('Tab');
    const text = await page.evaluate(() => document.activeElement?.textContent?.replace(/\s+/g, ' ').trim());
    if (text === name) return;
  }
  throw new Error(`The Tab key does not lead to ${name}.`);
}

const hits = (page: Page): Promise<unknown> => page.evaluate(() => Reflect.get(window, 'hit') ?? null);

/** A task as the API's refusal leaves it, another each time; gives its row_id. */
async function fail(source: 'invoiced' | 'freshbooks', name: string): Promise<string> {
  return world.sql.begin(async (tx) => {
    const [row] =
      await tx`select row_id from ${tx(source)}.tasks where vis_state = 0 order by row_id offset ${failed++} limit 1 for update`;
    const rowId = String(row?.['row_id']);
    await tx`update ${tx(source)}.tasks set name = ${name} where row_id = ${rowId}`;
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`update ${tx(source)}.tasks set sync_state = 'failed', sync_error = 'The API says no.' where row_id = ${rowId}`;
    return rowId;
  });
}

/** A service's name as both sides have changed it, and the API has won. */
async function conflict(name: string): Promise<{ readonly conflictId: string; readonly id: number }> {
  const [row] =
    await world.sql`select row_id, id from freshbooks.tasks where vis_state = 0 order by row_id desc limit 1`;
  const value = (side: string) => world.sql.json(`${name} ${side}`);
  const [made] = await world.sql`
    insert into sync.conflicts (connection, row_id, field, base, local, remote, winner, reason)
    values ('freshbooks', ${row?.['row_id']}, 'name', ${value('before')}, ${value('here')}, ${value('there')}, 'remote', 'both changed it')
    returning conflict_id`;
  return { conflictId: String(made?.['conflict_id']), id: Number(row?.['id']) };
}
