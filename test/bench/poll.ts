import { familyMs, median, say, timed } from './database.js';
import { type BenchWorker, openWorker, spentBy, startBenchServer } from './ground.js';
import { type Figure, report, size, spread } from './report.js';
import { type BenchSandbox, type SourceName, sources, startBenchSandbox } from './sandbox.js';
import { fillSynthetic } from './synthetic.js';

/** Even, since two make a pair. */
const ROUNDS = 22;
const CHANGES = 100;
const SMALL = 10_000;
const FIRST_ID = { invoiced: 1_000, freshbooks: 160_000 } as const;

/**
 * How long a poll takes that brings 100 changes, among 10,000 and among 1,000,000 tasks (`--rows`, 10,000 at the least), and the processor time
 * that it takes of the worker and of PostgreSQL. Both sizes in turn, each first in every other round, since who comes first is slower: the ratio
 * is the median of those of two rounds each. And what of it the same answers take with a bare client, since the simulated APIs hold as many
 * tasks. Linux only.
 */
export async function run(): Promise<void> {
  const large = size('rows', 1_000_000);
  const server = await startBenchServer();
  const figures: Figure[] = [];
  const worlds: World[] = [];
  try {
    for (const [at, rows] of [SMALL, Math.max(SMALL, large)].entries()) {
      say(`filling ${rows}`);
      const sandbox = await startBenchSandbox({ invoiced: rows, freshbooks: rows });
      const worker = await openWorker(await server.create(`poll_${at}`), sandbox);
      worlds.push({ rows, sandbox, worker });
      for (const source of sources) await fillSynthetic(worker, source, rows);
      await server.settle(worker.sql);
    }
    const postmaster = await server.postmaster();
    for (const source of sources) {
      const rounds: Polled[][] = [];
      for (let turn = -2; turn < ROUNDS; turn++) {
        const polled: Polled[] = [];
        for (const at of turn % 2 === 0 ? [0, 1] : [1, 0]) {
          const world = worlds[at];
          if (world) polled[at] = await measure(world, source, turn, postmaster);
        }
        if (turn >= 0) rounds.push(polled);
      }
      figures.push(
        ...worlds.map(({ rows }, at) =>
          figureOf(
            source,
            rows,
            rounds.flatMap((each) => each[at] ?? []),
          ),
        ),
      );
      figures.push(ratioOf(source, rounds));
    }
    report(
      'poll',
      server.version,
      figures,
      `median of ${ROUNDS} (least-most); PostgreSQL's processor time is the mean`,
    );
  } finally {
    for (const { sandbox, worker } of worlds) {
      await worker.close();
      await sandbox.close();
    }
    await server.stop();
  }
}

interface World {
  readonly rows: number;
  readonly sandbox: BenchSandbox;
  readonly worker: BenchWorker;
}

interface Polled {
  readonly ms: number;
  readonly bareMs: number;
  readonly own: number;
  readonly postgres: number;
}

async function measure(
  { sandbox, worker }: World,
  source: SourceName,
  turn: number,
  postmaster: number,
): Promise<Polled> {
  await change(sandbox, source, turn);
  const bareMs = await timed(() => firstPages(sandbox, source));
  const before = familyMs(postmaster);
  const { ms, processorMs } = await spentBy(worker.sql, () => worker.work('poll', source));
  const used = familyMs(postmaster) - before;
  const [run] = await worker.sql<{ updated: number }[]>`
    select updated from sync.runs where connection = ${source} order by run_id desc limit 1`;
  if (run?.updated !== CHANGES) throw new Error(`${run?.updated} of ${CHANGES} changes were brought`);
  // The window is read once more, since it filled more than a page.
  await worker.work('poll', source);
  return { ms, bareMs, own: processorMs, postgres: used };
}

function figureOf(source: SourceName, rows: number, polls: readonly Polled[]): Figure {
  const of = (key: keyof Polled) => polls.map((each) => each[key]);
  return {
    source,
    rows,
    'poll, ms': spread(of('ms'), 1),
    'own processor ms': spread(of('own'), 1),
    'processor ms of PostgreSQL': mean(of('postgres')).toFixed(1),
    'its answers alone, ms': spread(of('bareMs'), 1),
  };
}

function ratioOf(source: SourceName, rounds: readonly (readonly Polled[])[]): Figure {
  const sum = (key: keyof Polled, at: number, first: number) =>
    (rounds[first]?.[at]?.[key] ?? Number.NaN) + (rounds[first + 1]?.[at]?.[key] ?? Number.NaN);
  const of = (key: keyof Polled) =>
    Array.from({ length: rounds.length / 2 }, (_, pair) => sum(key, 1, 2 * pair) / sum(key, 0, 2 * pair));
  const all = (at: number) => mean(rounds.map((each) => each[at]?.postgres ?? Number.NaN));
  return {
    source,
    rows: 'ratio',
    'poll, ms': median(of('ms')).toFixed(2),
    'own processor ms': median(of('own')).toFixed(2),
    'processor ms of PostgreSQL': (all(1) / all(0)).toFixed(2),
    'its answers alone, ms': median(of('bareMs')).toFixed(2),
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

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
