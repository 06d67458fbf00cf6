import postgres from 'postgres';
import { openDatabase } from '../../src/mirror/database.js';
import { writePages } from './capture-pages.js';
import { fillForCapture } from './capture-rows.js';
import { asWorker, say, timed } from './database.js';
import { type BenchServer, startBenchServer } from './ground.js';
import { setHistory } from './history-triggers.js';
import { type Figure, report, size, spread } from './report.js';
import type { SourceName } from './sandbox.js';

const ROUNDS = 5;

/** One column in an index and one in none. */
const UPDATES = [
  { source: 'invoiced', set: `due_date = due_date + interval '1 day'` },
  { source: 'invoiced', set: 'completed_by_user_id = coalesce(completed_by_user_id, 0) + 1' },
  { source: 'freshbooks', set: 'rate_amount = rate_amount + 1' },
] as const;

/** Without triggers; with them, as the worker, whom those of capture leave alone; as a local writer, without those of history and with all. */
type Writer = 'plain' | 'worker' | 'unversioned' | 'local';

/** Milliseconds of each writer. */
type Round = Readonly<Partial<Record<Writer, number>>>;

/**
 * What the triggers cost, in times of the same without them: a bulk UPDATE of 100,000 rows (`--rows`), and the worker's own pages, 100 at the
 * most. Of a local UPDATE what capture takes and what history adds to it stand apart. All start from the same rows, synced and without
 * versions, after VACUUM and CHECKPOINT; a warm-up, then five rounds, each begun by another writer.
 */
export async function run(): Promise<void> {
  const rows = size('rows', 100_000);
  const server = await startBenchServer();
  const url = await server.create('capture');
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const db = openDatabase(url, { applicationName: 'taskmirror bench', max: 1 });
  try {
    await fillForCapture(sql, rows);
    const figures: Figure[] = [];
    for (const { source, set } of UPDATES) {
      const update = `update ${source}.tasks set ${set}`;
      say(`${update}: a warm-up, then ${ROUNDS} rounds`);
      const rounds = await compare(
        server,
        sql,
        source,
        ['plain', 'worker', 'unversioned', 'local'],
        (writer) => timed(() => (writer === 'worker' ? asWorker(sql, update) : sql.unsafe(update))),
      );
      figures.push({ what: update, ...ofWorker(rounds), ...ofLocal(rounds) });
    }
    const pages = await compare(server, sql, 'invoiced', ['plain', 'worker'], () => writePages(db, rows));
    figures.push({ what: `the worker's pages`, ...ofWorker(pages) });
    report('capture', server.version, figures, `${rows} rows; median of ${ROUNDS} (least-most)`);
  } finally {
    await db.close();
    await sql.end();
    await server.stop();
  }
}

async function compare(
  server: BenchServer,
  sql: postgres.Sql,
  source: SourceName,
  writers: readonly Writer[],
  measure: (writer: Writer) => Promise<number>,
): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let turn = 0; turn <= ROUNDS; turn++) {
    const first = turn % writers.length;
    const round: Partial<Record<Writer, number>> = {};
    for (const writer of [...writers.slice(first), ...writers.slice(0, first)]) {
      await reset(server, sql, source);
      if (writer !== 'plain') await sql.unsafe(`alter table ${source}.tasks enable trigger user`);
      if (writer === 'unversioned') await setHistory(sql, source, false);
      round[writer] = await measure(writer);
    }
    if (turn > 0) rounds.push(round);
  }
  return rounds;
}

/** Leaves all triggers disabled. */
async function reset(server: BenchServer, sql: postgres.Sql, source: SourceName): Promise<void> {
  await sql.unsafe(`alter table ${source}.tasks disable trigger user`);
  await sql.unsafe(
    `update ${source}.tasks set sync_state = 'synced', edited_at = null, pending_since = null, edited_again = null`,
  );
  await sql.unsafe(`truncate ${source}.task_versions`);
  await server.settle(sql);
}

const ofWorker = (rounds: readonly Round[]): Figure => ({
  'plain, ms': spreadOf(rounds, ({ plain }) => plain),
  'worker, ms': spreadOf(rounds, ({ worker }) => worker),
  'worker, times': timesOf(rounds, ({ worker }) => worker),
});

const ofLocal = (rounds: readonly Round[]): Figure => ({
  'local without history, ms': spreadOf(rounds, ({ unversioned }) => unversioned),
  'local, ms': spreadOf(rounds, ({ local }) => local),
  'capture, times': timesOf(rounds, ({ unversioned }) => unversioned),
  'history on top, times': timesOf(rounds, ({ local = Number.NaN, unversioned = 0 }) => local - unversioned),
  'local, times': timesOf(rounds, ({ local }) => local),
});

type Cost = (round: Round) => number | undefined;

const spreadOf = (rounds: readonly Round[], cost: Cost): string =>
  spread(rounds.map((round) => cost(round) ?? Number.NaN));

const timesOf = (rounds: readonly Round[], cost: Cost): string =>
  spread(
    rounds.map((round) => (cost(round) ?? Number.NaN) / (round.plain ?? Number.NaN)),
    2,
  );
