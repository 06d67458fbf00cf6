import { median, say, timed } from './database.js';
import { type BenchServer, openWorker, spentBy, startBenchServer } from './ground.js';
import { type Figure, report, round, size, spread } from './report.js';
import { type BenchSandbox, type SourceName, sources, startBenchSandbox } from './sandbox.js';

const PER_PAGE = 100;
/** The requests that a walk may have in flight at once; FreshBooks lists its deleted tasks apart, which is one page more. */
const IN_FLIGHT = { invoiced: 1, freshbooks: 4 } as const;
const ROUNDS = 5;
/** Of a bare client, one after the other. */
const BARE = 20;

/**
 * A first read of 50,000 tasks (`--rows`) of an API that takes 150 ms an answer (`--latency`), against pages x latency / requests at a time.
 * Both APIs at once, since nearly all of it is waiting. The warm-up reads APIs that have a tenth of the tasks; then five rounds. Beside it
 * stands how long one page really takes a bare client: what that is over the latency, no reader can win.
 */
export async function run(): Promise<void> {
  const rows = size('rows', 50_000);
  const latency = size('latency', 150);
  const server = await startBenchServer();
  const sandbox = await startBenchSandbox({ invoiced: rows, freshbooks: rows, latency });
  const measure = async (source: SourceName): Promise<Figure> => {
    const pages = Math.ceil(rows / PER_PAGE) + (source === 'freshbooks' ? 1 : 0);
    const ideal = (pages * latency) / IN_FLIGHT[source];
    const times: number[] = [];
    const bare: number[] = [];
    for (let turn = 0; turn < ROUNDS; turn++) {
      for (let page = 1; page <= BARE; page++)
        bare.push(await timed(() => sandbox.ask(source, `per_page=${PER_PAGE}&page=${page}`)));
      const ms = await readFirst(server, sandbox, source);
      say(`  ${source}: ${(ms / 1000).toFixed(1)} s`);
      times.push(ms);
    }
    return {
      source,
      rows,
      pages,
      'a bare page, ms': spread(bare, 1),
      'ideal, s': round(ideal / 1000, 1),
      'first read, s': spread(
        times.map((ms) => ms / 1000),
        1,
      ),
      'times the ideal': round(median(times) / ideal, 3),
    };
  };
  try {
    const fewer = Math.ceil(rows / 10);
    say(`${rows} tasks at ${latency} ms an answer; a warm-up with ${fewer}, then ${ROUNDS} rounds`);
    const small = await startBenchSandbox({ invoiced: fewer, freshbooks: fewer, latency });
    try {
      await Promise.all(sources.map((source) => readFirst(server, small, source)));
    } finally {
      await small.close();
    }
    report('latency', server.version, await Promise.all(sources.map(measure)), 'median (least-most)');
  } finally {
    await sandbox.close();
    await server.stop();
  }
}

/** Milliseconds, into a mirror that is gone afterwards. */
async function readFirst(server: BenchServer, sandbox: BenchSandbox, source: SourceName): Promise<number> {
  const name = `latency_${source}`;
  const worker = await openWorker(await server.create(name), sandbox);
  try {
    const { ms } = await spentBy(worker.sql, () => worker.work('walk', source));
    return ms;
  } finally {
    await worker.close();
    await server.drop(name);
  }
}
