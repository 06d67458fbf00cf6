import { median, say } from './database.js';
import { openWorker, type Spent, spentBy, startBenchServer } from './ground.js';
import { type Figure, report, round, size, spread } from './report.js';
import { sources, startBenchSandbox } from './sandbox.js';
import { fillSynthetic } from './synthetic.js';

const ROUNDS = 31;

/**
 * What a poll costs that finds nothing, with 1,000 and with 1,000,000 mirrored tasks (`--rows`): requests, SQL statements, bytes of
 * PostgreSQL's log, milliseconds of the worker's processor. After VACUUM and CHECKPOINT; both sizes in turn. It is the worker's own work: no
 * queue is opened, which would add its own, in Redis or in PostgreSQL.
 */
export async function run(): Promise<void> {
  const large = size('rows', 1_000_000);
  const server = await startBenchServer();
  const figures: Figure[] = [];
  const worlds: { readonly rows: number; readonly close: () => Promise<void>; readonly poll: Poll }[] = [];
  try {
    for (const rows of [Math.min(1_000, Math.ceil(large / 10)), large]) {
      say(`filling ${rows}`);
      const sandbox = await startBenchSandbox({ invoiced: rows, freshbooks: rows });
      const worker = await openWorker(await server.create(`idle_${rows}`), sandbox);
      for (const source of sources) await fillSynthetic(worker, source, rows);
      await server.settle(worker.sql);
      worlds.push({
        rows,
        poll: async (source) => {
          const before = await sandbox.requests();
          const spent = await spentBy(worker.sql, () => worker.work('poll', source));
          return { ...spent, requests: (await sandbox.requests()) - before };
        },
        close: async () => {
          await worker.close();
          await sandbox.close();
        },
      });
    }
    for (const source of sources) {
      const spent = new Map(worlds.map(({ rows }) => [rows, [] as Polled[]]));
      for (let turn = -3; turn < ROUNDS; turn++) {
        for (const { rows, poll } of worlds) {
          const polled = await poll(source);
          if (turn >= 0) spent.get(rows)?.push(polled);
        }
      }
      for (const [rows, polls] of spent) {
        const of = (key: keyof Polled) => polls.map((each) => each[key]);
        figures.push({
          source,
          rows,
          requests: median(of('requests')),
          "worker's statements": median(of('statements')),
          "worker's WAL bytes": spread(of('walBytes')),
          "worker's processor ms": spread(of('processorMs'), 1),
          'ms without its queue': round(median(of('ms')), 1),
        });
      }
    }
    report('idle', server.version, figures, `median of ${ROUNDS} (least-most); without the queue's own work`);
  } finally {
    for (const { close } of worlds) await close();
    await server.stop();
  }
}

interface Polled extends Spent {
  readonly requests: number;
}
type Poll = (source: (typeof sources)[number]) => Promise<Polled>;
