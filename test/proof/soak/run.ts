import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { programOf } from '../../daemon/program.js';
import { startPostgres } from '../../servers/postgres.js';
import { startOwnRedis } from '../../servers/redis.js';
import { until } from '../../servers/until.js';
import { unequal } from '../crash/unequal.js';
import { type Sample, takeSample } from './figures.js';
import { judge, type Verdict } from './judge.js';
import { createLoad } from './load.js';
import { decideCreates } from './person.js';

/**
 * `npm run soak -- --minutes 30 [--seed 1] [--leak memory|handles|delay]`: the daemon under load on both APIs and with SQL, with faults
 * that come and go; then both sides must be equal, and nothing may have grown. Ends with 0 or 1. `--leak` makes the daemon leak, so that
 * the soak must fail.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    leak: { type: 'string', default: '' },
  },
});
const connections = ['invoiced', 'freshbooks'] as const;
const seconds = Number(values.minutes) * 60;
if (!(seconds >= 30)) throw new Error('--minutes needs a number of at least 0.5');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const SAMPLE_MS = Math.min(5_000, (seconds * 1000) / 60);
const ACT_MS = 150;
const FAULT_MS = 4_000;
const DECIDE_MS = 20_000;
/** A write of unknown outcome is looked up after 90 s, and what the queue lost is made anew after 60 s. */
const REST_MS = 300_000;

const server = await startPostgres();
const ownRedis = await startOwnRedis();
const sandbox = await startSandbox({
  seed: Number(values.seed),
  invoiced: { tasks: 300 },
  freshbooks: { tasks: 300, options: { accessTokenSeconds: 60, rateLimit: 100_000 } },
});
const name = `soak_${process.pid}`;
const admin = postgres(server.url, { max: 1, onnotice: () => {} });
await admin`create database ${admin(name)}`;
const databaseUrl = Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
const sql = postgres(databaseUrl, { max: 4, onnotice: () => {}, connection: { application_name: 'soak' } });
const redis = new Redis(ownRedis.url);
const daemon = startDaemon();
let equal = false;
let verdicts: readonly Verdict[] = [];
try {
  await until('the first reads are over', firstReadsAreOver, 120_000);
  const samples = await soak();
  say('The load ends. Both sides come to rest ...');
  equal = await comesToRest();
  verdicts = judge(samples);
  report(samples);
} finally {
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
  redis.disconnect();
  await Promise.all([sql.end({ timeout: 5 }), sandbox.close()]);
  await admin`drop database if exists ${admin(name)} with (force)`;
  await admin.end();
  await Promise.all([server.stop(), ownRedis.stop()]);
}
const stopped = daemon.exitCode === 0;
if (!stopped) say(`The daemon ended with ${daemon.exitCode ?? daemon.signalCode} and not with 0.`);
const passed = equal && stopped && verdicts.length > 0 && verdicts.every(({ flat }) => flat);
say(passed ? 'Passed.' : 'FAILED.');
process.exitCode = passed ? 0 : 1;

function startDaemon() {
  const probe = new URL('probe.mjs', import.meta.url).href;
  const child = spawn(process.execPath, ['--expose-gc', '--import', probe, ...programOf(), 'start'], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: {
      ...environmentOf(sandbox),
      PATH: process.env['PATH'],
      DATABASE_URL: databaseUrl,
      REDIS_URL: ownRedis.url,
      SOAK_LEAK: values.leak,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.once('exit', (code, signal) => {
    if (code !== 0) say(`The daemon has ended: ${code ?? signal}`);
  });
  return child;
}

function environmentOf({ invoiced, freshbooks }: Sandbox): Record<string, string> {
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
    POLL_EVERY: '1s',
    SWEEP_EVERY: '30s',
    PUSH_DELAY: '0',
    DELETE_LIMIT: '50%',
    HTTP_PORT: 'off',
    LOG_LEVEL: 'info',
  };
}

async function firstReadsAreOver(): Promise<boolean> {
  const read = await sql`select from sync.cursors`;
  return read.length === connections.length;
}

/** Acts, faults and samples, each in its own time, until the time is up. */
async function soak(): Promise<readonly Sample[]> {
  const load = createLoad(sandbox, sql, redis);
  const samples: Sample[] = [];
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const every = async (ms: number, work: () => Promise<void>): Promise<void> => {
    while (elapsed() < seconds && daemon.exitCode === null) {
      const next = performance.now() + ms;
      await work();
      await delay(Math.max(0, next - performance.now()));
    }
  };
  let [faults, decisions] = [0, 0];
  await Promise.all([
    every(DECIDE_MS, async () => {
      decisions += await decideCreates(sql, sandbox, databaseUrl);
    }),
    every(ACT_MS, () => load.act()),
    every(FAULT_MS, async () => {
      faults += 1;
      await load.fault();
    }),
    every(SAMPLE_MS, async () => {
      samples.push(await takeSample(elapsed(), { sql, redis, daemon }));
    }),
    every(60_000, async () => {
      const last = samples.at(-1);
      if (last)
        say(
          `${(last.at / 60).toFixed(0).padStart(4)} min: ${load.acts} acts, ${faults} faults, ${JSON.stringify(last)}`,
        );
    }),
  ]);
  sandbox.faults.clear();
  say(
    `${load.acts} acts, ${faults} faults and ${decisions} decisions of a person in ${elapsed().toFixed(0)} s, seed ${values.seed}`,
  );
  return samples;
}

/** Whether both sides come to be equal, by an oracle that knows none of the worker's code, and nothing is held by then. */
async function comesToRest(): Promise<boolean> {
  let wanting: readonly string[] = ['nothing could be compared'];
  const rested = await until(
    'both sides are equal',
    async () => {
      await decideCreates(sql, sandbox, databaseUrl);
      const all = await Promise.all(connections.map((each) => unequal({ sql, sandbox }, each)));
      wanting = all.flat();
      return wanting.length === 0;
    },
    REST_MS,
  ).catch((error: unknown) => {
    say(`  ${inspect(error)}`);
    return false;
  });
  for (const line of wanting.slice(0, 20)) say(`  ${line}`);
  return rested;
}

function report(samples: readonly Sample[]): void {
  const rows = verdicts.map(({ figure, early, late, most, bound, flat }) => [
    flat ? 'flat' : 'GROWS',
    figure,
    early,
    late,
    most,
    bound,
  ]);
  say(`\n${samples.length} samples; medians of the second quarter of the time and of the last`);
  for (const row of [['', 'figure', 'second quarter', 'last quarter', 'most', 'last may be'], ...rows]) {
    const [verdict = '', figure = '', ...cells] = row;
    say(`${verdict.padEnd(6)}${figure.padEnd(32)}${cells.map((cell) => `  ${cell.padStart(14)}`).join('')}`);
  }
  say(`\nBoth sides ${equal ? 'are equal' : 'DIFFER'} at rest.`);
}
