import { median, say, timed } from './database.js';
import { openWorker, spentBy, startBenchServer } from './ground.js';
import { type Figure, report, size, spread } from './report.js';
import { type BenchSandbox, type SourceName, sources, startBenchSandbox } from './sandbox.js';
import { fillSynthetic } from './synthetic.js';

const ROUNDS = 21;
const CHANGES = 100;
const FIRST_ID = { invoiced: 1_000, freshbooks: 160_000 } as const;

/**
 * How long a poll takes that brings 100 changes, among 10,000 and among 1,000,000 tasks (`--rows`), in turn; and what of it the same
 * answers take with a bare client, since the simulated APIs hold as many tasks.
 */
export async function run(): Promise<void> {
  const sizes = [10_000, size('rows', 1_000_000)];
  const server = await startBenchServer();
  const figures: Figure[] = [];
  const worlds = [];
  try {
    for (const rows of sizes) {
      say(`filling ${rows}`);
      const sandbox = await startBenchSandbox({ invoiced: rows, freshbooks: rows });
      const worker = await openWorker(await server.create(`poll_${rows}`), sandbox);
      worlds.push({
        rows,
        sandbox,
        worker,
        times: [] as number[],
        used: [] as number[],
        bare: [] as number[],
      });
      for (const source of sources) await fillSynthetic(worker, source, rows);
      await server.settle(worker.sql);
    }
    for (const source of sources) {
      for (const world of worlds) world.times.length = world.used.length = world.bare.length = 0;
      for (let turn = -2; turn < ROUNDS; turn++) {
        for (const { sandbox, worker, times, used, bare } of worlds) {
          await change(sandbox, source, turn);
          const bareMs = await timed(() => firstPages(sandbox, source));
          const { ms, processorMs } = await spentBy(worker.sql, () => worker.work('poll', source));
          const [run] = await worker.sql<{ updated: number }[]>`
            select updated from sync.runs where connection = ${source} order by run_id desc limit 1`;
          if (run?.updated !== CHANGES) throw new Error(`${run?.updated} of ${CHANGES} changes were brought`);
          // The window is read once more, since it filled more than a page.
          await worker.work('poll', source);
          if (turn < 0) continue;
          times.push(ms);
          used.push(processorMs);
          bare.push(bareMs);
        }
      }
      const [few = Number.NaN, many = Number.NaN] = worlds.map(({ times }) => median(times));
      for (const { rows, times, used, bare } of worlds) {
        figures.push({
          source,
          rows,
          'poll, ms': spread(times, 1),
          'own processor ms': spread(used, 1),
          'its answers alone, ms': spread(bare, 1),
        });
      }
      figures.push({ source, rows: 'ratio', 'poll, ms': (many / few).toFixed(2) });
    }
    report('poll', figures, `median of ${ROUNDS} (least-most)`);
  } finally {
    for (const { sandbox, worker } of worlds) {
      await worker.close();
      await sandbox.close();
    }
    await server.stop();
  }
}

async function change(sandbox: BenchSandbox, source: SourceName, turn: number): Promise<void> {
  const act = source === 'invoiced' ? 'edit' : 'editTask';
  for (let i = 0; i < CHANGES; i++) {
    await sandbox.act(source, act, FIRST_ID[source] + i * 7, { name: `Changed in turn ${turn}, ${i}` });
  }
}

/** The answers that hold the changes. */
async function firstPages(sandbox: BenchSandbox, source: SourceName): Promise<void> {
  const query =
    source === 'invoiced' ? '&sort=updated_at+desc%2Cid+desc' : `&search[updated_min]=${yesterday()}`;
  for (const page of [1, 2]) await sandbox.ask(source, `per_page=100&page=${page}${query}`);
}

const yesterday = (): string => new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
