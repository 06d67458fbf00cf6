import { chosenSource } from './report.js';

/** `npm run bench` runs the usual benchmarks one after the other, `npm run bench -- capture` that one; each prints its figures. A flag is for all that run. */
const benchmarks: Readonly<Record<string, () => Promise<{ run(): Promise<void> }>>> = {
  apply: () => import('./apply.js'),
  capture: () => import('./capture.js'),
  history: () => import('./history.js'),
  idle: () => import('./idle.js'),
  latency: () => import('./latency.js'),
  many: () => import('./many.js'),
  memory: () => import('./memory.js'),
  page: () => import('./page.js'),
  peers: () => import('./peers.js'),
  poll: () => import('./poll.js'),
  push: () => import('./push.js'),
  // They are measured together, in turn.
  reread: () => import('./apply.js'),
  reporting: () => import('./reporting.js'),
  sweep: () => import('./sweep.js'),
  takeover: () => import('./takeover.js'),
};

/** Those of what a mirror must reach: not `peers`, which needs a package of others, nor what history, reports and the page take. */
const USUAL = ['apply', 'latency', 'idle', 'poll', 'push', 'capture', 'memory', 'sweep', 'many', 'takeover'];

const args = process.argv.slice(2);
const named = args.filter((arg, at) => !arg.startsWith('--') && !args[at - 1]?.startsWith('--'));
const names = named.length > 0 ? named : USUAL;
const loads = names.flatMap((name) => benchmarks[name] ?? []);
if (loads.length < names.length) {
  process.stderr.write(`Which benchmark? One of: ${Object.keys(benchmarks).join(', ')}\n`);
  process.exitCode = 2;
} else {
  // Before any of them runs, not when the turn comes of one that asks for it.
  chosenSource();
  for (const load of loads) {
    const benchmark = await load();
    await benchmark.run();
  }
}
