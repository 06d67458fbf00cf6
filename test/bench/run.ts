/** `npm run bench -- capture`: runs one benchmark, which prints its figures. */
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
  reporting: () => import('./reporting.js'),
  sweep: () => import('./sweep.js'),
  takeover: () => import('./takeover.js'),
};

const [name = ''] = process.argv.slice(2);
const load = benchmarks[name];
if (load === undefined) {
  process.stderr.write(`Which benchmark? One of: ${Object.keys(benchmarks).join(', ')}\n`);
  process.exitCode = 2;
} else {
  const benchmark = await load();
  await benchmark.run();
}
