import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import postgres from 'postgres';
import { runCli } from '../../src/cli/run.js';
import { readConfig } from '../../src/config/read-config.js';
import { startDaemon } from '../../src/daemon/daemon.js';
import { systemRuntime } from '../../src/runtime.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.js';
import { startPgbouncer } from '../servers/pgbouncer.js';
import { startOwnPostgres } from '../servers/postgres.js';
import { startRedis } from '../servers/redis.js';
import { until } from '../servers/until.js';

const POOL = 4;
const TASKS = 450;
const sources = ['invoiced', 'freshbooks'] as const;

/**
 * `npm run pooler-trial`: two workers whose `DATABASE_URL` leads through PgBouncer in transaction mode, with four connections behind it,
 * and only `DATABASE_DIRECT_URL` past it. They read, sweep, bring and send edits while people ask for SQL and status; then both sides must be equal
 * and no worker may have met a fault.
 */
const server = await startOwnPostgres();
const redis = await startRedis();
const pooler = await startPgbouncer(server.url, POOL);
const databaseUrl = await makeDatabase(server.url);
const sandbox = await startSandbox({
  invoiced: { tasks: TASKS },
  freshbooks: { tasks: TASKS, options: { rateLimit: 1_000_000 } },
});
const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} });
const faults: string[] = [];
const log = pino({ level: 'warn' }, { write: (line) => void faults.push(line) });
const env = {
  ...environment(sandbox),
  DATABASE_URL: pooler.through(databaseUrl),
  DATABASE_DIRECT_URL: databaseUrl,
  REDIS_URL: redis.url,
};
const start = () => {
  const config = readConfig(env);
  return startDaemon({ ...config, databaseUrl: config.databaseUrl ?? '' }, { runtime: systemRuntime, log });
};
const workers = [start(), start()];
try {
  await Promise.all(workers.map(({ ready }) => ready));
  await until(
    'the first reads are over',
    async () => (await sql`select from sync.cursors`).length === 2,
    60_000,
  );
  say('read');

  for (let turn = 0; turn < 5; turn++) {
    await sql`update invoiced.tasks set name = ${`Called in turn ${turn}`} where id % 10 = ${turn}`;
    await sql`update freshbooks.tasks set description = ${`Turn ${turn}`} where id % 10 = ${turn}`;
    await sql`insert into freshbooks.tasks (name, rate_amount, rate_code) values (${`New ${turn}`}, 10, 'USD')`;
    sandbox.invoiced.people.edit(800 + turn, { name: `Renamed in turn ${turn}` });
    sandbox.freshbooks.people.editTask(159_400 + turn, { name: `Renamed in turn ${turn}` });
    // A reader's role must not come to the workers by the pool.
    assert.match(await cli('sql', 'select current_user as me'), /taskmirror_reader/);
    assert.match(await cli('status'), /invoiced/);
    await until('all edits are sent', atRest, 60_000);
  }
  say('edits crossed, both ways');
  assert.match(await cli('resync', '--full', '--wait'), /./);
  await until('all is at rest', atRest, 60_000);

  const [rows] = await sql`
    select (select count(*)::int from invoiced.tasks where vis_state = 0) as invoiced,
      (select count(*)::int from freshbooks.tasks) as freshbooks`;
  assert.deepEqual(
    { ...rows },
    { invoiced: sandbox.invoiced.people.count(), freshbooks: sandbox.freshbooks.people.count() },
  );
  for (const source of sources) {
    const held = await sql<
      { id: string; name: string }[]
    >`select id::text as id, name from ${sql(`${source}.tasks`)}`;
    for (const { id, name } of held)
      assert.equal(sandbox[source].people.task(Number(id))?.name, name, `${source} ${id}`);
  }
  const [behind] = await sql<{ pooled: number }[]>`
    select count(*)::int as pooled from pg_stat_activity
    where application_name in ('taskmirror', 'taskmirror cli') and backend_type = 'client backend'`;
  assert.ok((behind?.pooled ?? 99) <= POOL, `${behind?.pooled} connections behind the pooler`);
  assert.deepEqual(faults, []);
  say(`equal, with ${behind?.pooled} connections behind the pooler`);
} finally {
  await Promise.all(workers.map((worker) => worker.stop()));
  await sql.end();
  await sandbox.close();
  await pooler.stop();
  await redis.stop();
  await server.stop();
}

async function atRest(): Promise<boolean> {
  const [waiting] = await sql`
    select from invoiced.tasks where sync_state <> 'synced' union all select from freshbooks.tasks where sync_state <> 'synced' limit 1`;
  return waiting === undefined;
}

/** One that the worker's role owns. */
async function makeDatabase(url: string): Promise<string> {
  const admin = postgres(url, { max: 1 });
  await admin`create database trial`;
  await admin.end();
  return Object.assign(new URL(url), { pathname: '/trial' }).href;
}

/** What a command prints, in this process; it must end well. */
async function cli(...args: readonly string[]): Promise<string> {
  const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
  input.end();
  const printed = Promise.all([text(output), text(errors)]);
  const { signal } = new AbortController();
  const code = await runCli(args, {
    folder: '/',
    env,
    input,
    output,
    errors,
    signal,
    runtime: systemRuntime,
  });
  output.end();
  errors.end();
  const [told, complaints] = await printed;
  assert.equal(code, 0, `${args.join(' ')}: ${complaints}`);
  return told;
}

function environment({ invoiced, freshbooks }: Sandbox): Record<string, string> {
  return {
    CREDENTIALS_KEY: Buffer.alloc(32, 7).toString('base64'),
    INVOICED_API_KEY: invoiced.apiKey,
    INVOICED_BASE_URL: invoiced.url,
    FRESHBOOKS_ACCOUNT_ID: freshbooks.accountId,
    FRESHBOOKS_BASE_URL: freshbooks.url,
    FRESHBOOKS_CLIENT_ID: freshbooks.clientId,
    FRESHBOOKS_CLIENT_SECRET: freshbooks.clientSecret,
    FRESHBOOKS_REDIRECT_URI: freshbooks.redirectUri,
    FRESHBOOKS_REFRESH_TOKEN: freshbooks.refreshToken,
    POLL_EVERY: '500ms',
    PUSH_DELAY: '200ms',
    HTTP_PORT: 'off',
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
