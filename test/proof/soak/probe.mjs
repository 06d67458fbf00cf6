// Loaded into the daemon's process before it (node --import): tells its figures when it is asked, and keeps nothing alive.
import { createServer } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

process.on('message', () => {
  const { rss } = process.memoryUsage();
  const loop = { p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
  // What is still held after a collection is held by somebody.
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, held: heapUsed + external, handles: process.getActiveResourcesInfo().length, loop });
  delay.reset();
});
process.channel?.unref();

// A leak on purpose, to see that it is noticed.
const kept = [];
const leaks = {
  memory: () => kept.push(Array.from({ length: 100_000 }, () => Math.random())),
  handles: () =>
    kept.push(
      createServer().listen(0).unref(),
      setInterval(() => {}, 1e9),
    ),
  delay: () => {
    kept.push(1);
    const end = performance.now() + kept.length * 4;
    while (performance.now() < end);
  },
};
const leak = leaks[process.env['SOAK_LEAK'] ?? ''];
if (leak !== undefined) setInterval(leak, 1_000).unref();
