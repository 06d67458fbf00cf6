// Loaded into the daemon's process before it (node --import): tells its figures when it is asked, and keeps nothing alive.
import { createServer } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
let told = performance.now();

process.on('message', () => {
  const { rss } = process.memoryUsage();
  // A loop that has not come round since the last time has been stuck for as long.
  const at = (percent) => (delay.count > 0 ? delay.percentile(percent) / 1e6 : performance.now() - told);
  const loop = { p50: at(50), p99: at(99) };
  told = performance.now();
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
    const end = performance.now() + Math.min(kept.length ** 2 / 24, 600);
    while (performance.now() < end);
  },
};
const leak = leaks[process.env['SOAK_LEAK'] ?? ''];
if (leak !== undefined) setInterval(leak, 500).unref();
