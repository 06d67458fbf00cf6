import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startPostgres } from '../../servers/postgres.js';
import type { Report } from './player.js';
import { playAllReal } from './real/run.js';
import { firstOfLinks } from './settings.js';

/**
 * `npm run proof -- --seed N --histories M --minutes T`: plays M histories, those of the seeds N, N + 1 and so on, or as many as T minutes
 * allow; with `--links` only those of links. One that fails is made smaller and printed whole, and its seed alone plays it again: `--seed … --histories 1`. With `--real` the
 * workers are daemons in processes of their own, killed now and then.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 30)) },
    histories: { type: 'string' },
    minutes: { type: 'string' },
    /** How many play at the same time. */
    processes: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    /** Seconds for making a failing history smaller. */
    shrink: { type: 'string', default: '60' },
    /** Real daemons on a real Redis instead: a seed repeats the inputs, and not the order of things. */
    real: { type: 'boolean', default: false },
    /** Only those of links: each third seed. */
    links: { type: 'boolean', default: false },
    /** Ends with the first that fails. */
    bail: { type: 'boolean', default: false },
    /** The whole course of every history, not only of those that fail. */
    trace: { type: 'boolean', default: false },
  },
});

if (values.real && values.links) throw new RangeError('--real plays no histories of links: leave one away.');
const seed = whole('seed', values.seed, 0);
const USUAL = values.real ? 5 : 1_000;
const minutes = values.minutes === undefined ? null : positive('minutes', values.minutes);
const most =
  values.histories === undefined
    ? minutes === null
      ? USUAL
      : Number.POSITIVE_INFINITY
    : whole('histories', values.histories, 1);
const processes = Math.min(whole('processes', values.processes, 1), most);
const shrinkMs = 1000 * whole('shrink', values.shrink, 0);

const out = (line: string) => process.stdout.write(`${line}\n`);
const began = performance.now();
const until = minutes === null ? Number.POSITIVE_INFINITY : began + minutes * 60_000;
const total = { played: 0, failed: 0, steps: 0, gap: 0 };
const stride = values.links ? 3 : 1;
let next = values.links ? firstOfLinks(seed) : seed;
let given = 0;

if (values.real) {
  out(`Histories with real daemons, of the seeds from ${seed} on.`);
  await playAllReal(
    seed,
    (played) => played < most && performance.now() < until,
    (each, played) => {
      next = each + 1;
      tell({ seed: each, ...played, shrunk: null });
    },
  );
} else {
  out(`Histories of the seeds from ${seed} on, ${processes} at a time.`);
  await playAll();
}
out(
  `${total.played} histories (seeds ${seed} to ${next - stride}), ${total.steps} steps, ${Math.round((performance.now() - began) / 1000)} s: ` +
    `${total.failed} failed. ${total.gap} edits at the API fell between a push's read and its write, where no client can see them.`,
);
process.exitCode = total.failed > 0 ? 1 : 0;

async function playAll(): Promise<void> {
  const server = await startPostgres({ inMemory: true });
  try {
    await Promise.all(Array.from({ length: processes }, () => player(server.url)));
  } finally {
    await server.stop();
  }
}

/** One process with a database of its own, given one seed after the other. */
function player(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('player.ts', import.meta.url)), {
      env: { ...process.env, TEST_DATABASE_URL: url, MODEL_SHRINK_MS: String(shrinkMs) },
    });
    const give = () => {
      const over = given >= most || performance.now() > until || (values.bail && total.failed > 0);
      child.send(over ? 'end' : next);
      if (over) return;
      next += stride;
      given += 1;
    };
    child.on('message', (message: Report | 'ready') => {
      if (message !== 'ready') tell(message);
      give();
    });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a player ended with ${code}`))));
  });
}

function tell(report: Report): void {
  total.played += 1;
  total.steps += report.steps;
  total.gap += report.gap.length;
  if (values.trace) out(report.trace.join('\n'));
  if (report.faults.length > 0) {
    total.failed += 1;
    const { shrunk } = report;
    out(`\nSeed ${report.seed} fails:`);
    for (const fault of report.faults) out(`  ${fault}`);
    if (shrunk === null) out(report.trace.join('\n'));
    else {
      out('Made smaller, this fails:');
      for (const fault of shrunk.faults) out(`  ${fault}`);
      out(shrunk.trace.join('\n'));
      out(JSON.stringify(shrunk.history));
    }
  } else if (total.played % 100 === 0) {
    const perMinute = Math.round((total.played * 60_000) / (performance.now() - began));
    out(`${total.played} histories played, ${perMinute} a minute, ${total.failed} failed`);
  }
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`--${name} ${text}: give a whole number from ${least} on.`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`--${name} ${text}: give a number above 0.`);
}
