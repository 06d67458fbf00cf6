import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import type { Database } from '../../../../src/mirror/database.js';
import { startSandbox } from '../../../../src/sandbox/index.js';
import type { SourceName } from '../../../../src/sources/source.js';
import { seeToFailed } from '../by-hand.js';
import { commandsOf, kindOf } from '../commands/index.js';
import { createLedger } from '../ledger.js';
import { judge } from '../oracle/index.js';
import type { Played } from '../play.js';
import { rowsOf } from '../sides.js';
import { createValues } from '../values.js';
import type { ModelWorld } from '../world.js';
import { startDaemons } from './daemons.js';
import { ungated } from './ungated.js';
import { createLogWire } from './wire.js';

export interface RealGround {
  /** Empty and migrated, its clock going on with the machine's and to be wound. */
  readonly db: Database;
  readonly redisUrl: string;
  /** The database's clock is so many milliseconds ahead from now on. */
  wind(milliseconds: number): Promise<void>;
}

/** What can be done here without a scheduler, and what only here. */
const KINDS = [
  'create at the API',
  'edit at the API',
  'delete at the API',
  'complete or reopen at the API',
  'restore or archive at the API',
  'write in SQL',
  'put a loser back',
  'no more faults',
];

type Act = { readonly do: 'kill' | 'flush' | 'fault' | 'history'; readonly place: number };

/**
 * Real daemons on a real Redis, killed and started again, while people and faults come from the seed. What runs at the same time is up to the
 * machine: a seed gives the same inputs again, and not the same history.
 */
export async function playReal(ground: RealGround, seed: number, acts: number): Promise<Played> {
  const { db, redisUrl } = ground;
  const source: SourceName = seed % 2 === 0 ? 'invoiced' : 'freshbooks';
  const trace: string[] = [];
  const note = (what: string) => void trace.push(`${new Date().toISOString().slice(11, 23)} ${what}`);
  const sandbox = await startSandbox({
    seed,
    logSize: 100_000,
    [source]: { tasks: 5, ...(source === 'freshbooks' && { options: { rateLimit: null } }) },
  });
  const ledger = createLedger();
  const { scheduler, working, begin } = ungated(ground.wind, sandbox.clock.advance, note);
  const key = Buffer.alloc(32, 7).toString('base64');
  const daemons = await startDaemons(2, settingsOf(source, sandbox, db.url, redisUrl, key));
  const redis = new Redis(redisUrl);
  const secrets = new Set([
    sandbox.invoiced.apiKey,
    sandbox.freshbooks.clientSecret,
    sandbox.freshbooks.refreshToken,
    key,
  ]);
  const logged: string[] = [];
  const wire = createLogWire(sandbox, ledger);
  const world: Parameters<typeof judge>[0] & ModelWorld = {
    setting: { source, fields: { from: 0, count: 7 } } as ModelWorld['setting'],
    source,
    other: null,
    sandbox,
    scheduler,
    ledger,
    wire,
    links: null,
    values: createValues(),
    people: db,
    aside: db,
    workers: [] as unknown as ModelWorld['workers'],
    settings: { policy: 'remote', quietMs: 0, walkSliceMs: 0, push: true },
    kill: () => {
      throw new Error('workers are processes here');
    },
    working,
    begin,
    consent: async () => {},
    note,
    trace,
    logged,
    secrets,
    close: async () => {},
  };
  try {
    await until(
      'the first read is over',
      async () => (await db.rows(sql`select from sync.cursors`)).length > 0,
    );
    for (const { act, command } of inputs(seed, source, acts)) {
      wire.look();
      if (act.do === 'kill') {
        note(`daemon ${act.place % 2} is killed`);
        await daemons.kill(act.place);
      } else if (act.do === 'flush') {
        note('Redis is flushed');
        await redis.flushall();
      } else if (act.do === 'fault') {
        const times = 1 + (act.place % 3);
        sandbox.faults.add({
          api: source,
          route: 'tasks.*',
          fault: FAULTS[act.place % FAULTS.length] ?? { kind: 'reset' },
          times,
        });
      } else await kindOf(command.do).run(world, command.with);
      await delay(5 * command.steps);
    }
    const late = await restReal(world, daemons.run);
    if ((await seeToFailed(world)) > 0) late.push(...(await restReal(world, daemons.run)));
    wire.look();
    logged.push(daemons.output(), await payloadsIn(redis));
    const { faults, gap } = await judge(world);
    return { faults: [...late, ...faults], gap, trace, steps: acts };
  } finally {
    await daemons.stop();
    redis.disconnect();
    await sandbox.close();
  }
}

const FAULTS = [
  { kind: 'reset' },
  { kind: 'reset', when: 'after' },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 500, when: 'after' },
  { kind: 'cut', when: 'after' },
  { kind: 'html', status: 502 },
  { kind: 'slow', milliseconds: 300, when: 'after' },
] as const;

function inputs(seed: number, source: SourceName, acts: number) {
  const what = fc.oneof(
    { weight: 2, arbitrary: fc.constant('kill' as const) },
    { weight: 1, arbitrary: fc.constant('flush' as const) },
    { weight: 3, arbitrary: fc.constant('fault' as const) },
    { weight: 14, arbitrary: fc.constant('history' as const) },
  );
  const act: fc.Arbitrary<Act> = fc.record({ do: what, place: fc.nat({ max: 99 }) });
  const command = commandsOf(source, (name, usual) => (KINDS.includes(name) ? usual : 0));
  return fc.sample(fc.noBias(fc.record({ act, command })), { seed, numRuns: acts });
}

/** Longer than any write of unknown outcome is waited for; wound, not waited for. */
const LONGEST_WAIT_MS = 100_000;

async function restReal(
  { sandbox, aside, source, working, scheduler, note }: ModelWorld,
  run: (...verb: readonly string[]) => Promise<number>,
): Promise<string[]> {
  note('all stop');
  sandbox.faults.clear();
  await Promise.allSettled(working);
  try {
    await until('nothing is pending', async () => {
      await scheduler.wind(LONGEST_WAIT_MS);
      await aside.rows(sql`select pg_notify('taskmirror_edits', '')`);
      await delay(1_500);
      return !JSON.stringify(await rowsOf(aside, source)).includes('"sync_state":"pending"');
    });
    const code = await run('resync', '--connection', source, '--full', '--force', '--wait');
    return code === 0 ? [] : [`resync ended with ${code}`];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 120_000; performance.now() < end; await delay(50))
    if (await condition()) return;
  throw new Error(`it does not come to this: ${what}`);
}

function settingsOf(
  source: SourceName,
  sandbox: Awaited<ReturnType<typeof startSandbox>>,
  database: string,
  redis: string,
  key: string,
) {
  const { invoiced, freshbooks } = sandbox;
  const account: Record<string, string> =
    source === 'invoiced'
      ? { INVOICED_API_KEY: invoiced.apiKey, INVOICED_BASE_URL: invoiced.url }
      : {
          FRESHBOOKS_ACCOUNT_ID: freshbooks.accountId,
          FRESHBOOKS_BASE_URL: freshbooks.url,
          FRESHBOOKS_CLIENT_ID: freshbooks.clientId,
          FRESHBOOKS_CLIENT_SECRET: freshbooks.clientSecret,
          FRESHBOOKS_REDIRECT_URI: freshbooks.redirectUri,
          FRESHBOOKS_REFRESH_TOKEN: freshbooks.refreshToken,
        };
  return {
    ...account,
    DATABASE_URL: database,
    REDIS_URL: redis,
    CREDENTIALS_KEY: key,
    POLL_EVERY: '1s',
    PUSH_DELAY: '0',
    DELETE_LIMIT: '100%',
    HTTP_PORT: 'off',
    LOG_LEVEL: 'debug',
  };
}

/** What the queue holds of jobs. */
async function payloadsIn(redis: Redis): Promise<string> {
  const texts: string[] = [];
  for (const key of await redis.keys('*'))
    if ((await redis.type(key)) === 'hash') texts.push(JSON.stringify(await redis.hgetall(key)));
  return texts.join('\n');
}
