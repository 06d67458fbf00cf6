import { expect, test, vi } from 'vitest';
import { worldOn } from '../http/daemon.js';
import { until } from '../servers/index.js';
import { type AtApi, readTwoOfEach, twoOfEach } from './accounts.js';
import { keepEditing } from './editors.js';
import type { Program } from './process.js';
import { says, startWorker } from './worker-process.js';
import type { World } from './world.js';

// Five processes, and the minute and a half after which it is looked up what became of a create that a killed one had under way.
vi.setConfig({ testTimeout: 600_000 });
/** How soon a killed worker's accounts are taken over is held to in takeover.test.ts; here it is only that they are. */
const LONGEST_MS = 120_000;
const ANSWER_MS = 200;
const STILL_MS = 4_000;

test('workers come and go while people edit on both sides, and one is killed: each edit arrives once, and no account has two runs of a kind at a time', async () => {
  const world = await worldOn('redis', { ...twoOfEach(40), latency: ANSWER_MS });
  const start = () => startWorker({ env: { ...world.env, POLL_EVERY: '1s' } });
  const first = await start();
  const accounts = await readTwoOfEach(world);
  const people = keepEditing(world, accounts);

  const [second, third] = await Promise.all([start(), start()]);
  for (const worker of [first, second, third]) await takesPart(worker);
  await stops(first);
  await people.goOn();
  const killed = await killAtWork(world, [second, third]);
  const fourth = await start();
  await takesPart(fourth);
  await stops(killed.survivor);
  const fifth = await start();
  await takesPart(fifth);
  expect(await takenOver(world, killed)).toContain(killed.run);
  await people.goOn();
  const expected = await people.stop();

  for (const account of accounts) {
    const names = [...(expected.get(account) ?? [])].sort();
    await until(
      `both sides of ${account.connection} hold what people entered, and nothing else`,
      async () => {
        expect([...account.names()].sort()).toEqual(names);
        expect(await rowsOf(world, account)).toEqual(names.map((name) => ({ name, state: 'synced' })));
        return true;
      },
      LONGEST_MS,
    );
  }
  expect(await world.sql`select field, base, local, remote, reason from sync.conflicts`).toEqual([]);
  expect(await overlaps(world, killed.at)).toEqual([]);
  expect(await robbed(world, killed)).toEqual([]);
  for (const worker of [fourth, fifth]) await stops(worker);
});

async function takesPart(worker: Program): Promise<void> {
  await until('it does some of the work', () => says(worker, '"poll ok"'), LONGEST_MS);
}

async function stops(worker: Program): Promise<void> {
  worker.kill('SIGTERM');
  expect(await worker.ended).toBe(0);
}

interface Killed {
  readonly at: Date;
  /** The run whose create was under way. */
  readonly run: string;
  readonly survivor: Program;
}

/**
 * Kills the one of both that is in the midst of a create. Whose a create is shows while the other one stands still, for a moment that is
 * far shorter than a lease.
 */
async function killAtWork({ sql }: World, both: readonly [Program, Program]): Promise<Killed> {
  let [worker, other] = both;
  const run = await until(
    'one makes a task while the other one stands still',
    async () => {
      [worker, other] = [other, worker];
      other.kill('SIGSTOP');
      const from = await now(sql);
      const making = until('it makes a task', () => createSince(sql, from), STILL_MS);
      return making.catch(() => {
        other.kill('SIGCONT');
        return null;
      });
    },
    LONGEST_MS,
  );
  worker.kill('SIGKILL');
  expect(await worker.ended).toBe('SIGKILL');
  const at = await now(sql);
  other.kill('SIGCONT');
  return { at, run, survivor: other };
}

/** The run of a create that is under way, and was saved when all that the other one had told the database was done. */
async function createSince(sql: World['sql'], from: Date): Promise<string | null> {
  const [write] = await sql<{ run: string }[]>`
    select run_id::text as run from sync.writes
    where sent_at > ${from}::timestamptz + interval '1 second' and method = 'POST' and settled_at is null`;
  return write?.run ?? null;
}

async function now(sql: World['sql']): Promise<Date> {
  const [row] = await sql<{ now: Date }[]>`select clock_timestamp() as now`;
  if (row === undefined) throw new Error('The database does not know what time it is.');
  return row.now;
}

/** The runs that it left behind, once whoever took them over has ended them. */
async function takenOver({ sql }: World, { at: killedAt }: Killed): Promise<readonly string[]> {
  return until(
    'all runs of that time are ended',
    async () => {
      const runs = await sql<{ run: string; over: boolean; error: string | null }[]>`
        select run_id::text as run, finished_at is not null as over, error from sync.runs where started_at < ${killedAt}`;
      const left = runs.filter(({ error }) => error === 'its process ended');
      return runs.every(({ over }) => over) && left.map(({ run }) => run);
    },
    LONGEST_MS,
  );
}

async function rowsOf({ sql }: World, { source, connection }: AtApi) {
  const rows = await sql<{ name: string; state: string }[]>`
    select name, sync_state as state from ${sql(`${source}.tasks`)} where connection = ${connection}`;
  return [...rows].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Runs of one connection and kind that were under way at the same time. One that begins while another ends has noted its start before it
 * waits for the other's lease, which takes milliseconds; no run that asks anything is shorter than an answer. What a killed process left
 * was over when it was killed, though it is ended only when it is taken over.
 */
async function overlaps({ sql }: World, killedAt: Date) {
  return sql`
    with runs as (
      select run_id, connection, lease, started_at,
        case when error = 'its process ended' then least(finished_at, ${killedAt}) else finished_at end as ended_at
      from sync.runs
    )
    select a.connection, a.lease, a.run_id as one, b.run_id as other, a.ended_at - b.started_at as together
    from runs a join runs b on a.connection = b.connection and a.lease = b.lease and a.run_id < b.run_id
    where least(a.ended_at, b.ended_at) - greatest(a.started_at, b.started_at) > ${ANSWER_MS / 2} * interval '1 millisecond'`;
}

/** Runs that lost their lease while their worker was alive: who begins a run ends the one that it takes the lease from. */
async function robbed({ sql }: World, { at }: Killed) {
  return sql`
    select run_id, connection, lease, started_at, finished_at from sync.runs
    where error = 'its process ended' and not ${at} between started_at and finished_at`;
}
