import { fetchPages } from './copy.js';
import { familyMs, say, timed } from './database.js';
import { type BenchWorker, openWorker, type Spent, spentBy, startBenchServer } from './ground.js';
import { chosenSource, type Figure, report, size, spread } from './report.js';
import { type BenchSandbox, type SourceName, startBenchSandbox } from './sandbox.js';
import { expectUntouched } from './untouched.js';

const ROUNDS = 5;
const PER_PAGE = 100;
/** Pages that are read twice at most, one for each time that a walk gives way: every 20 s. */
const MOST_TWICE = 10;

/**
 * A sweep of 1,000,000 unchanged tasks (`--rows`) of one source (`--source`, else invoiced), against what `reread` measures: the same of 100,000.
 * What a row costs must not grow with the mirror. Both are brought by a first read, and walked over again after VACUUM and CHECKPOINT; a warm-up,
 * then five rounds, each size first in every other one. Before each walk a bare client fetches and parses the same pages, which
 * shows whether the simulated API is what bounds it. Linux only.
 */
export async function run(): Promise<void> {
  const large = size('rows', 1_000_000);
  const source = chosenSource();
  const server = await startBenchServer();
  const worlds: World[] = [];
  try {
    for (const [what, rows] of [
      ['reread', Math.min(100_000, Math.ceil(large / 10))],
      ['sweep', large],
    ] as const) {
      say(`a first read of ${rows} of ${source}`);
      const sandbox = await startBenchSandbox({ [source]: rows });
      const worker = await openWorker(await server.create(`sweep_${what}`), sandbox);
      worlds.push({ what, rows, sandbox, worker, spent: [] });
      await worker.work('walk', source);
    }
    const postmaster = await server.postmaster();
    for (let turn = 0; turn <= ROUNDS; turn++) {
      for (const { rows, sandbox, worker, spent } of turn % 2 === 0 ? worlds : worlds.toReversed()) {
        const bareMs = await timed(() => fetchPages(sandbox, source, rows, () => {}));
        await server.settle(worker.sql);
        const swept = await sweep(worker, source, rows, postmaster);
        if (turn > 0) spent.push({ ...swept, bareMs });
        say(`  ${turn === 0 ? 'warm-up' : `round ${turn}`}: ${rows} in ${(swept.ms / 1000).toFixed(1)} s`);
      }
    }
    const reread = worlds.filter(({ what }) => what === 'reread').flatMap(ratesOf);
    const figures = worlds.map((world) => figureOf(source, world, reread));
    report('sweep', server.version, figures, `median of ${ROUNDS} (least-most)`);
  } finally {
    for (const { sandbox, worker } of worlds) {
      await worker.close();
      await sandbox.close();
    }
    await server.stop();
  }
}

interface World {
  readonly what: string;
  readonly rows: number;
  readonly sandbox: BenchSandbox;
  readonly worker: BenchWorker;
  readonly spent: Swept[];
}

interface Swept extends Spent {
  readonly bareMs: number;
  /** Milliseconds of the processor that PostgreSQL used. */
  readonly postgresMs: number;
}

async function sweep(
  { sql, work }: BenchWorker,
  source: SourceName,
  rows: number,
  postmaster: number,
): Promise<Omit<Swept, 'bareMs'>> {
  const check = await expectUntouched(sql, source);
  const before = familyMs(postmaster);
  const spent = await spentBy(sql, () => work('walk', source));
  const postgresMs = familyMs(postmaster) - before;
  await check();
  const [run] = await sql`
    select unchanged, inserted + updated + deleted as changed from sync.runs order by run_id desc limit 1`;
  // A walk that gave way goes on a page before its place: that page is counted twice.
  const twice = Number(run?.['unchanged']) - rows;
  const most = source === 'freshbooks' ? MOST_TWICE * PER_PAGE : 0;
  if (!(twice >= 0 && twice % PER_PAGE === 0 && twice <= most) || run?.['changed'] !== 0)
    throw new Error(`not a sweep of ${rows}: ${JSON.stringify(run)}`);
  return { ...spent, postgresMs };
}

/** Rows a second of each round. */
const ratesOf = ({ rows, spent }: World): readonly number[] => spent.map(({ ms }) => (rows / ms) * 1000);

function figureOf(source: SourceName, world: World, reread: readonly number[]): Figure {
  const { what, rows, spent } = world;
  const rates = ratesOf(world);
  const each = (ms: (of: Swept) => number) =>
    spread(
      spent.map((of) => (ms(of) * 1000) / rows),
      1,
    );
  return {
    source,
    what,
    rows,
    seconds: spread(
      spent.map(({ ms }) => ms / 1000),
      1,
    ),
    'rows/s': spread(rates),
    'of the rows/s of reread': spread(
      rates.map((rate, turn) => rate / (reread[turn] ?? Number.NaN)),
      2,
    ),
    'a bare client, rows/s': spread(spent.map(({ bareMs }) => (rows / bareMs) * 1000)),
    'own processor, µs a row': each(({ processorMs }) => processorMs),
    'processor of PostgreSQL, µs a row': each(({ postgresMs }) => postgresMs),
    'WAL kB': spread(spent.map(({ walBytes }) => walBytes / 1000)),
    'rows written': 0,
  };
}
