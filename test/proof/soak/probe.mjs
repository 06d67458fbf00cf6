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
  memory: () => kept.push(Array.from({ length: 50_000 }, () => Math.random())),
  handles: () =>
    kept.push(
      createServer().listen(0).unref(),
      setInterval(() => {}, 1e9),
    ),
  // Longer and longer, and faster than what is twice as long for twice the time.
  delay: () => {
    kept.push(1);
    const end = performance.now() + Math.min(kept.length ** 2 / 8, 1_500);
    while (performance.now() < end);
  },
};
const leak = leaks[process.env['SOAK_LEAK'] ?? ''];
if (leak !== undefined) setInterval(leak, 500).unref();
