import { expect, test, vi } from 'vitest';
import { CONCURRENCY } from '../../src/jobs/kinds.js';
import { until } from '../servers/index.js';
import { type AtApi, addInvoiced, readTwoOfEach, twoOfEach, UNCOUNTED } from './accounts.js';
import { openWorld, type World } from './world.js';

vi.setConfig({ testTimeout: 180_000 });

/** More than a worker walks through at a time. */
const LARGE = Array.from({ length: CONCURRENCY.walk + 2 }, (_, i) => `large${i}`);
/** 10,000 pages at 300 ms, one after the other: a first read goes on for 50 minutes, and Invoiced wants it in one go. */
const TASKS = 1_000_000;
const PAGE_MS = 300;
/**
 * A poll is due each second, and an edit is sent after a second of quiet. Who waited behind a first read would wait for 50 minutes, and for
 * 20 s where one gives way between its slices. Half of the latter is several times what a poll or an edit takes on a busy machine.
 */
const BOUND_MS = 10_000;
/** Long enough for somebody to have waited so. */
const WATCHED_MS = 25_000;

test('accounts with a million tasks to read delay neither the polls nor the edits of others, nor what is sent beside a walk of the account itself', async () => {
  const { invoiced, freshbooks } = twoOfEach(40);
  const large = LARGE.map((apiKey) => ({ apiKey, tasks: TASKS, options: UNCOUNTED }));
  const further = [...(invoiced.further ?? []), ...large];
  const world = await openWorld({
    queue: 'redis',
    sandbox: { invoiced: { ...invoiced, further }, freshbooks },
  });
  await world.start({ POLL_EVERY: '1s' });
  const small = await readTwoOfEach(world);

  world.sandbox.faults.add({
    api: 'invoiced',
    route: 'tasks.list',
    fault: { kind: 'slow', milliseconds: PAGE_MS },
  });
  const reading: AtApi[] = [];
  for (const name of LARGE) reading.push(await addInvoiced(world, name, name));
  const walks = await until(
    'there are all the walks that can be, and each has read some',
    async () => {
      const walks = await walksUnderWay(world);
      return walks.length === CONCURRENCY.walk && walks;
    },
    30_000,
  );

  const from = await now(world);
  for (let turn = 1; performance.now() - from.here < WATCHED_MS; turn++) {
    await Promise.all(
      small.flatMap((account) => [
        sendsInTime(world, account, `Renamed here ${turn}`),
        bringsInTime(world, account, `Renamed there ${turn}`),
      ]),
    );
  }
  const gaps = await longestGaps(world, small, from.there);
  expect(gaps).toHaveLength(small.length);
  expect(Math.max(...gaps.map(({ ms }) => ms)), JSON.stringify(gaps)).toBeLessThan(BOUND_MS);

  const walked = reading.filter(({ connection }) => walks.includes(connection));
  await Promise.all(walked.map((account) => sendsInTime(world, account, 'Renamed while it is read')));
  // All that was while the same walks had all places, and the others waited for one.
  expect(await walksUnderWay(world)).toEqual(walks);
});

/** The large accounts that a walk is at, and has committed pages of. */
async function walksUnderWay({ sql }: World): Promise<readonly string[]> {
  const walks = await sql<{ connection: string }[]>`
    select connection from sync.leases join sync.walks using (connection)
    where leases.kind = 'walk' and ends_at > clock_timestamp() and batches > 0 and connection in ${sql(LARGE)}
    order by connection`;
  return walks.map(({ connection }) => connection);
}

async function now({ sql }: World): Promise<{ readonly here: number; readonly there: Date }> {
  const [row] = await sql<{ at: Date }[]>`select clock_timestamp() as at`;
  if (row === undefined) throw new Error('The database does not know what time it is.');
  return { here: performance.now(), there: row.at };
}

/** An edit by SQL of a task of the account is at the API in time. */
async function sendsInTime({ sql }: World, account: AtApi, name: string): Promise<void> {
  const { connection, source } = account;
  const [row] = await sql`
    update ${sql(source)}.tasks set name = ${name}
    where row_id = (select min(row_id) from ${sql(source)}.tasks where connection = ${connection}) returning id`;
  const id = Number(row?.['id']);
  await until(`${connection} has ‘${name}’`, () => account.nameOf(id) === name, BOUND_MS);
}

/** An edit at the API of another task of the account is in the mirror in time. */
async function bringsInTime({ sql }: World, account: AtApi, name: string): Promise<void> {
  const { connection, source } = account;
  const [last] = await sql`
    select id from ${sql(source)}.tasks where connection = ${connection} order by row_id desc limit 1`;
  const id = Number(last?.['id']);
  account.rename(id, name);
  await until(
    `${connection} has brought ‘${name}’`,
    async () => {
      const [row] = await sql`
        select name from ${sql(source)}.tasks where connection = ${connection} and id = ${id}`;
      return row?.['name'] === name;
    },
    BOUND_MS,
  );
}

/** The longest time in which no poll of an account began, from then until now. */
async function longestGaps(
  { sql }: World,
  accounts: readonly AtApi[],
  from: Date,
): Promise<readonly { readonly connection: string; readonly ms: number }[]> {
  const connections = accounts.map(({ connection }) => connection);
  return sql<{ connection: string; ms: number }[]>`
    with marks as (
      select connection, started_at as at from sync.runs
      where kind = 'poll' and started_at > ${from} and connection in ${sql(connections)}
      union all select connection, ${from} from unnest(${connections}::text[]) as connection
      union all select connection, clock_timestamp() from unnest(${connections}::text[]) as connection
    ), gaps as (
      select connection, at - lag(at) over (partition by connection order by at) as gap from marks
    )
    select connection, (extract(epoch from max(gap)) * 1000)::int as ms from gaps group by connection order by connection`;
}
