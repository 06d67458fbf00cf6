import type postgres from 'postgres';
import type { JsonObject } from '../../src/sources/source.js';
import { copyTasks, fetchPages, makePlainTable } from './copy.js';
import { median, say, timed } from './database.js';
import { type BenchServer, openWorker, spentBy, startBenchServer } from './ground.js';
import { type Figure, report, round, size, spread } from './report.js';
import { type BenchSandbox, type SourceName, sources, startBenchSandbox } from './sandbox.js';
import { expectUntouched } from './untouched.js';

const ROUNDS = 5;

/**
 * A first read of 100,000 tasks (`--rows`) of an API that answers at once, from the lease to the end of the run, against what no reader can be
 * faster than: the same pages fetched and parsed with a bare client, plus a COPY of the same rows into a table with the same keys, checks
 * and indexes. Then the same tasks unchanged, after VACUUM and CHECKPOINT. Each round does all of it, in turn.
 *
 * What bounds it, by profiles and `EXPLAIN ANALYZE` on two cores, in microseconds of processor a task. A reread takes 11 to 13 of the worker's one
 * thread, which is at work for 85 % of the time: 4 fetch and parse (all that a bare client does), 1 decodes, 2.5 print and hash; the rest
 * is HTTP's, the driver's and the collector's. PostgreSQL takes 7 beside it, of which 5 recognise rows by their hash
 * (`src/mirror/just-so.ts`); when pages were sent, parsed as JSON and compared, that took 12 to 19. The sandbox takes 4 of the same two cores.
 * Asking PostgreSQL for the time once a page took 4 of the thread, and closures shared by all fields 2: what they read is called by so many
 * keys that V8 compiles it for none. A batch costs about 3 ms however small it is, so pages that follow closely are gathered, and hashes are
 * made a page at a time, so that answers which came meanwhile are not left waiting for all of them.
 * While a batch's place is kept, the next two are looked at (`src/sync/begin-ahead.ts`).
 * A first read takes 12 of the worker's, and beside it 24 of PostgreSQL's: 7 to unpack what was sent, 7 for the indexes, 3 for `on conflict`,
 * the rest for the heap, the checks and the commit. PostgreSQL waited a fifth of the time while the worker put the next batch together and
 * kept its place, until one batch was packed ahead; then it was the one process at work most of the time, with a third of both cores idle. So a batch
 * is written in two parts at the same time, which made a first read 6 to 25 % faster in runs in turn, of 30,000 and 50,000 tasks of each source; three parts
 * were no faster than two. What could still be won: half by COPY, which needs another driver. Of inserting 100,000 rows that were unpacked already, `on conflict` is a sixth, but a
 * twentieth where each id is looked up instead, which leaves an error in PostgreSQL's log whenever a push made the task meanwhile; the conditions of
 * the two triggers before a row are a fifteenth. Arrays sent in PostgreSQL's binary form take a twentieth off its processor, and nothing by the
 * clock that four runs each in turn would show. Texts and JSON that `string_to_table` splits, with keys in jsonb's order, cost PostgreSQL a tenth
 * less and the worker as much more: of six runs in pairs the clock told of 8 % in two, 14 in one, and of nothing in the others.
 *
 * A first read of 0.6 of the limit and a reread twice as fast together ask of a reread 0.83 of the time in which the same pages are fetched
 * and parsed by a bare client and put into a table by COPY. What holds it back: of two cores the worker's thread has 13 µs a task to do, and
 * PostgreSQL and the sandbox 13 on the other, and neither can be at work all of the time, for each waits for what the other is about. Tried, in
 * pairs within one process, and of no use: three batches ahead, larger batches, a quarter of the steps, keeping a batch's place while the next one is
 * written, the hash on another thread (a tenth slower), no timer for each request, a set of keys that are known to be sound.
 */
export async function run(): Promise<void> {
  const rows = size('rows', 100_000);
  const server = await startBenchServer();
  const sandbox = await startBenchSandbox({ invoiced: rows, freshbooks: rows });
  try {
    const figures: Figure[] = [];
    for (const source of sources) {
      say(`${source}: a warm-up, then ${ROUNDS} rounds`);
      await measure(server, sandbox, source, rows);
      const rounds: Round[] = [];
      for (let turn = 0; turn < ROUNDS; turn++) rounds.push(await measure(server, sandbox, source, rows));
      figures.push(figureOf(source, rows, rounds));
    }
    report('apply', server.version, figures);
  } finally {
    await sandbox.close();
    await server.stop();
  }
}

interface Round {
  readonly fetchMs: number;
  readonly copyMs: number;
  readonly applyMs: number;
  readonly applyProcessor: number;
  readonly rereadMs: number;
  readonly rereadProcessor: number;
  readonly rereadWal: number;
}

async function measure(
  server: BenchServer,
  sandbox: BenchSandbox,
  source: SourceName,
  rows: number,
): Promise<Round> {
  const worker = await openWorker(await server.create('apply'), sandbox);
  const { sql } = worker;
  try {
    const tasks: JsonObject[] = [];
    const fetchMs = await timed(() => fetchPages(sandbox, source, rows, (page) => tasks.push(...page)));
    const plain = await makePlainTable(sql, source);
    await server.settle(sql);
    const copyMs = await timed(() => copyTasks(sql, plain, source, tasks));
    await sql.unsafe(`drop table ${plain}`);
    tasks.length = 0;

    await server.settle(sql);
    const apply = await spentBy(sql, () => worker.work('walk', source));
    await expectRows(sql, source, rows);
    await server.settle(sql);
    const check = await expectUntouched(sql, source);
    const reread = await spentBy(sql, () => worker.work('walk', source));
    await check();
    return {
      fetchMs,
      copyMs,
      applyMs: apply.ms,
      applyProcessor: apply.processorMs,
      rereadMs: reread.ms,
      rereadProcessor: reread.processorMs,
      rereadWal: reread.walBytes,
    };
  } finally {
    await worker.close();
    await server.drop('apply');
  }
}

async function expectRows(sql: postgres.Sql, source: SourceName, rows: number): Promise<void> {
  const [found] = await sql.unsafe<{ count: number }[]>(`select count(*)::int as count from ${source}.tasks`);
  if (found?.count !== rows) throw new Error(`${found?.count} of ${rows} tasks were mirrored`);
}

function figureOf(source: SourceName, rows: number, rounds: readonly Round[]): Figure {
  const of = (key: keyof Round) => rounds.map((each) => each[key]);
  const applyRatios = rounds.map(({ fetchMs, copyMs, applyMs }) => (fetchMs + copyMs) / applyMs);
  const rereadRatios = rounds.map(({ applyMs, rereadMs }) => applyMs / rereadMs);
  return {
    source,
    rows,
    'fetch and parse, ms': spread(of('fetchMs')),
    'copy, ms': spread(of('copyMs')),
    'apply, ms': spread(of('applyMs')),
    'apply, rows/s': round((rows / median(of('applyMs'))) * 1000),
    'apply, own processor ms': spread(of('applyProcessor')),
    'of the limit': spread(applyRatios, 2),
    'reread, ms': spread(of('rereadMs')),
    'reread, rows/s': round((rows / median(of('rereadMs'))) * 1000),
    'times apply': spread(rereadRatios, 2),
    'reread, own processor ms': spread(of('rereadProcessor')),
    'reread, WAL kB': spread(rounds.map(({ rereadWal }) => rereadWal / 1000)),
    'reread, rows written': 0,
  };
}
