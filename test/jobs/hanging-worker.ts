/** A process of its own whose workers never end a job; says "running CONNECTION" for each. For tests that kill it. */
import { pino } from 'pino';
import { openQueues } from '../../src/jobs/queues.js';
import { startWorkers } from '../../src/jobs/workers.js';
import { systemRuntime } from '../../src/runtime.js';

const [redisUrl, databaseUrl, prefix] = process.argv.slice(2);
const queues = await openQueues({
  redisUrl: redisUrl || null,
  databaseUrl: databaseUrl ?? '',
  prefix: prefix ?? '',
  runtime: systemRuntime,
  log: pino({ level: 'silent' }),
});
await startWorkers(
  queues,
  (work) => {
    process.stdout.write(`running ${work.connection}\n`);
    return new Promise(() => {});
  },
  { lockDuration: 1_000, stalledInterval: 300 },
);
