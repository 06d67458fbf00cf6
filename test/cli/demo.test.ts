import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from '../daemon/process.js';
import { ask } from '../http/daemon.js';
import { until } from '../servers/index.js';
import { makeFolder, run } from './command.js';

test('the demo is up within a minute, shows changes both ways and a conflict, can be asked, goes on from where it was, and leaves nothing running', async () => {
  const folder = makeFolder();
  const began = performance.now();
  const first = runProgram(['demo'], { env: {}, folder });
  await changesAre(first, 2);
  expect(performance.now() - began).toBeLessThan(60_000);
  expect(first.output()).toMatch(/^In the mirror: freshbooks 30\d active, \d deleted; invoiced 31\d active/m);
  expect(statSync(join(folder, '.taskmirror/demo/credentials.key')).mode & 0o777).toBe(0o600);

  const page = /^The status page: (http:\/\/127\.0\.0\.1:\d+)$/m.exec(first.output())?.[1] ?? '';
  const { status: shown, text } = await ask(page);
  expect(shown).toBe(200);
  expect(text).toMatch(/2 connections: .*invoiced/s);

  const [tasks = [], services = [], update = []] = pasteable(first.output());
  for (const line of [tasks, services]) {
    expect(await run(line, { folder })).toMatchObject({
      code: 0,
      output: expect.stringContaining('\n(8 rows)'),
    });
  }
  await showsTheWayBack(first);
  const conflicts = await run(['conflicts', '--demo', '--all', '--json'], { folder });
  expect(JSON.parse(conflicts.output)).toContainEqual(
    expect.objectContaining({ winner: 'remote', restored_at: expect.any(String) }),
  );
  await reachesTheApi(update, folder);
  await crossesOver(first);
  const status = await run(['status', '--json'], { folder });
  expect(JSON.parse(status.output)).toMatchObject({
    connections: [{ problem: null }, { problem: null }],
    needs: [],
  });
  const second = await run(['demo'], { folder });
  expect(second).toMatchObject({
    code: 2,
    errors: expect.stringContaining('already: stop it with Ctrl-C there'),
  });

  // Killed, it leaves the server; the next one finds it, and all that was done.
  first.kill('SIGKILL');
  await first.ended;
  const pidFile = join(folder, '.taskmirror/demo/postgres/data/postmaster.pid');
  const port = Number(readFileSync(pidFile, 'utf8').split('\n')[3]);
  const rows = await count(folder);
  const third = runProgram(['demo'], { env: {}, folder });
  await changesAre(third, 2);
  expect(await count(folder)).toBeGreaterThanOrEqual(rows);
  const log = readFileSync(join(folder, '.taskmirror/demo/daemon.log'), 'utf8');
  expect(log).not.toMatch(/"outcome":"failed"|"level":"error"/);

  third.kill('SIGINT');
  expect(await third.ended).toBe(130);
  expect(existsSync(pidFile)).toBe(false);
  expect(await answers(port)).toBe(false);
}, 120_000);

async function changesAre(demo: ReturnType<typeof runProgram>, least: number): Promise<void> {
  const seen = () =>
    (demo.output().match(/^\d\d:\d\d:\d\d +\d+\.\d s {2}(Invoiced|FreshBooks) \d/gm) ?? []).length;
  await until(`${least} changes were seen (${demo.errors()})`, () => seen() >= least, 60_000);
}

/** What was done with SQL is shown with its delay, a conflict with both values and who won, and what was put back then. */
async function showsTheWayBack(demo: ReturnType<typeof runProgram>): Promise<void> {
  const line = (text: RegExp) => new RegExp(`^\\d\\d:\\d\\d:\\d\\d ${text.source}$`, 'm');
  for (const text of [
    / {4}\.\.\. {2}SQL: (update|insert into|delete from) .+/,
    / +\d+\.\d s {2}SQL → API: (update|insert into|delete from) .+/,
    / +conflict \d+: rate \d+\.\d\d [A-Z]{3} \(API\) won over \d+\.\d\d [A-Z]{3} \(SQL\)/,
    / +\d+\.\d s {2}restored → API: npx taskmirror conflicts restore \d+ --demo/,
  ]) {
    await until(`${text} is shown (${demo.output()})`, () => line(text).test(demo.output()), 40_000);
  }
}

/** A call that somebody means to make is a service in FreshBooks too. */
async function crossesOver(demo: ReturnType<typeof runProgram>): Promise<void> {
  const line = /^\d\d:\d\d:\d\d +\d+\.\d s {2}link → API: dunning-call: in FreshBooks too, at 25 USD: Call /m;
  await until(`a call crosses over (${demo.output()})`, () => line.test(demo.output()), 40_000);
}

/** Runs the UPDATE that the demo prints, and waits until the API has done it. */
async function reachesTheApi(update: readonly string[], folder: string): Promise<void> {
  const { code, output } = await run([...update, '--json'], { folder });
  expect(code).toBe(0);
  const [row] = JSON.parse(output);
  const query = `select from sync.writes join freshbooks.tasks using (row_id)
    where id = ${row.id} and (sent -> 'rate' ->> 'amount')::numeric = ${row.rate_amount} and outcome = 'ok'`;
  await until('the API has it', async () => {
    const written = await run(['sql', '--demo', '--json', query], { folder });
    return JSON.parse(written.output).length > 0;
  });
}

/** The commands that the demo prints, as a shell would take them apart. */
function pasteable(output: string): readonly (readonly string[])[] {
  const lines = [...output.matchAll(/^npx taskmirror (sql --demo(?: --write)?) "([^"]+)"$/gm)];
  expect(lines).toHaveLength(3);
  return lines.map(([, verb = '', query = '']) => [...verb.split(' '), query]);
}

async function count(folder: string): Promise<number> {
  const query =
    'select (select count(*) from invoiced.tasks) + (select count(*) from freshbooks.tasks) as count';
  const { output } = await run(['sql', '--demo', '--json', query], { folder });
  return JSON.parse(output)[0].count;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
