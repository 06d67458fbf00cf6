import { createChance } from '../../../src/sandbox/chance.js';
import type { Fault } from '../../../src/sandbox/fault.js';
import type { SandboxOptions } from '../../../src/sandbox/index.js';
import { type Connection, connections, openWorld, type World } from '../../sync/world.js';
import { type History, newHistory } from './history.js';
import { faultsOf } from './oracle.js';
import { actAtApi, labelAll } from './people.js';
import { decideAll } from './person.js';
import { rowsOf } from './sides.js';
import { createValues } from './values.js';
import { actInSql } from './writers.js';

export interface StormOptions {
  readonly seed: number;
  readonly steps: number;
}

/**
 * People on both sides of both APIs, a worker between them, and faults on every request, all drawn from a seed; then rest. Gives what
 * does not hold. What runs at the same time is up to the machine, so that a seed finds a fault again often, but not always.
 */
export async function storm({ seed, steps }: StormOptions): Promise<readonly string[]> {
  const { random } = createChance(seed);
  const some = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const world = await openWorld({
    sandbox: surroundings(seed, some),
    // What hangs is given up long before the API must have finished.
    limits: { totalMs: 250, headersMs: 200, bodyMs: 200, startWithinMs: 250, attempts: 3 },
    context: {
      policy: some('remote', 'local', 'newest'),
      deleteLimit: 1,
      push: { enabled: true, quietMs: 0, boundMs: 0, finishedAfterMs: 700 },
    },
  });
  try {
    const histories = connections.map(newHistory);
    const values = createValues(random);
    for (const connection of connections) {
      labelAll(world, connection);
      await world.walk(connection);
    }
    const working = new Set<Promise<unknown>>();
    for (let step = 0; step < steps; step++) {
      const history = some(...histories);
      const chance = random();
      if (chance < 0.3) await actInSql(world, history, values, random);
      else if (chance < 0.5) actAtApi(world, history, values, random);
      else if (chance < 0.64) addFault(world, history.connection, random, some);
      else {
        const kind = some('push', 'push', 'push', 'poll', 'poll', 'walk');
        const work = world[kind](history.connection).catch(() => {});
        working.add(work);
        void work.finally(() => working.delete(work));
        // Mostly it goes on beside what people do next.
        if (random() < 0.4 || working.size > 6) await work;
        else await world.context.runtime.sleep(random() * 8);
      }
    }
    world.sandbox.faults.clear();
    await Promise.all(working);
    const faults: string[] = [];
    for (const history of histories) {
      faults.push(...(await settled(world, history)));
      faults.push(...(await faultsOf(world, history)).map((fault) => `${history.connection}: ${fault}`));
      faults.push(...(await echoes(world, history.connection)));
      if (process.env['STORM_EXPLAIN'] && faults.length > 0)
        faults.push(...(await explanations(world, history.connection, faults)));
    }
    return faults;
  } finally {
    await world.close();
  }
}

/** All that is recorded of the rows that the faults name, for whoever looks into them. */
async function explanations(
  { sql, sandbox }: World,
  connection: Connection,
  faults: readonly string[],
): Promise<readonly string[]> {
  const named = faults.flatMap((fault) => fault.match(/[LPTW]\d{4}|\d{3,}|(?<=row )\d+/g) ?? []);
  const rows = await sql`
    select * from ${sql(`${connection}.tasks`)}
    where row_id::text = any(${named}) or id::text = any(${named}) or left(name, 5) = any(${named})
      or row_id in (select row_id from sync.retired_ids where id::text = any(${named})) order by row_id`;
  const ids = rows.map((row) => String(row['row_id']));
  const writes = await sql`select * from sync.writes where row_id = any(${ids}::bigint[]) order by write_id`;
  const conflicts = await sql`select * from sync.conflicts where row_id = any(${ids}::bigint[])`;
  const log = sandbox.log
    .entries({ api: connection })
    .filter(({ path, method }) => method === 'POST' || rows.some((row) => path.endsWith(`/${row['id']}`)))
    .map(({ seq, at, method, path, status, body, faults }) =>
      [seq, new Date(at).toISOString(), method, path, status, body, faults].join(' '),
    );
  return [...rows, ...writes, ...conflicts].map((each) => JSON.stringify(each)).concat(log);
}

type Some = <T>(...choices: readonly T[]) => T;

function surroundings(seed: number, some: Some): SandboxOptions {
  return {
    seed,
    logSize: 50_000,
    invoiced: {
      tasks: 6,
      options: {
        idempotency: some('honoured', 'ignored'),
        idempotencyErrors: some('kept', 'dropped'),
        customerUpdatable: some(true, true, true, false),
        unchangedPatchTouches: some(true, false),
        reopenClears: some(true, false),
        eventLoss: some(0, 0, 1),
        eventDelay: some(0, 50),
        mergeTouches: some(true, false),
      },
    },
    freshbooks: {
      tasks: 6,
      options: {
        rateLimit: null,
        duplicateName: some('taken', 'taken', 'taken', 'refused'),
        emptyUpdate: some('bumps', 'keeps'),
        archive: some('allowed', 'allowed', 'refused'),
        getDeleted: some('task', 'error'),
        editDeleted: some('allowed', 'refused'),
        searchVisState: some('honoured', 'honoured', 'alone'),
        taxes: 'present',
        errorShape: some('errors', 'bare', 'details'),
      },
    },
  };
}

function addFault(world: World, api: Connection, random: () => number, some: Some): void {
  const route = some(
    'tasks.create',
    'tasks.create',
    'tasks.update',
    'tasks.update',
    'tasks.delete',
    'tasks.get',
    'tasks.list',
    'tasks.*',
  );
  const when = some('before' as const, 'after' as const);
  const fault = some<Fault>(
    { kind: 'reset', when },
    { kind: 'reset', when },
    { kind: 'hang', when },
    { kind: 'status', status: some(500, 503, 502), when },
    { kind: 'status', status: some(409, 429, 408) },
    { kind: 'cut', when },
    { kind: 'html', status: 502, when },
    { kind: 'slow', milliseconds: random() * 150, when: 'after' },
    { kind: 'slow', milliseconds: 400, when: 'after' },
    ...(random() < 0.1 ? [{ kind: 'status' as const, status: some(401, 403, 400, 422) }] : []),
  );
  world.sandbox.faults.add({ api, route, fault, times: 1 + Math.floor(random() * 2) });
}

/** To rest, with a person who answers what only a person can: each answer may raise the next question. */
async function settled(world: World, history: History): Promise<readonly string[]> {
  const faults: string[] = [];
  for (let round = 0; round < 6; round++) {
    faults.push(...(await rest(world, history.connection)));
    const { decided, faults: unsaid } = await decideAll(world, history);
    faults.push(...unsaid);
    if (decided === 0) return faults;
  }
  return [...faults, `${history.connection} asks a person without end`];
}

const ROUNDS = 60;

/** Lets the worker go on until nothing is pending and another look changes nothing. */
async function rest(world: World, connection: Connection): Promise<readonly string[]> {
  let last = '';
  for (let round = 0; round < ROUNDS; round++) {
    const pushed = await world.push(connection);
    if (pushed.state !== 'skipped') {
      const ms = pushed.state === 'later' ? pushed.afterMs : pushed.state === 'busy' ? 50 : 0;
      // What was put off while the API was in trouble need not be waited for.
      await world.context.runtime.sleep(Math.min(ms, 100));
      await hurry(world, connection);
      continue;
    }
    await world.poll(connection);
    await world.walk(connection);
    const now = JSON.stringify(await rowsOf(world, connection));
    if (now === last) return [];
    last = now;
  }
  return [`${connection} does not come to rest`];
}

/** Rows that were put off by a backoff are due now; those whose write is open still wait for the API to have finished. */
async function hurry({ sql }: World, connection: Connection): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`select set_config('taskmirror.origin', 'sync', true)`;
    await tx`update ${tx(`${connection}.tasks`)} set push_after = null where push_after is not null`;
  });
}

/** I5: at rest nothing is asked but lists, and no row changes. */
async function echoes(world: World, connection: Connection): Promise<readonly string[]> {
  const versions = () =>
    world.sql`select row_id, xmin::text from ${world.sql(`${connection}.tasks`)} order by row_id`;
  const before = JSON.stringify(await versions());
  const mark = world.sandbox.log.mark();
  await world.push(connection);
  await world.poll(connection);
  const asked = world.sandbox.log.entries({ api: connection, after: mark }).map(({ route }) => route);
  const more = asked.filter((route) => route !== 'tasks.list' && route !== 'events.list');
  return [
    ...(more.length > 0 ? [`${connection}: at rest it asks for ${more.join(', ')}`] : []),
    ...(JSON.stringify(await versions()) === before ? [] : [`${connection}: at rest rows change`]),
  ];
}
