import { fillMirror } from './copy.js';
import { median, say } from './database.js';
import { openWorker, type Spent, spentBy, startBenchServer } from './ground.js';
import { flag, report, round, size, spread } from './report.js';
import { sources, startBenchSandbox } from './sandbox.js';
import { expectUntouched } from './untouched.js';

const ROUNDS = 3;

/**
 * A sweep of 1,000,000 unchanged tasks (`--rows`) of one source (`--source`, else invoiced), against a sweep of 100,000, in turn: what a
 * row costs must not grow with the mirror. Three rounds, since one takes about a minute. The mirror is filled by COPY.
 */
export async function run(): Promise<void> {
  const large = size('rows', 1_000_000);
  const source = sources.find((name) => name === (flag('source') ?? 'invoiced')) ?? 'invoiced';
  const server = await startBenchServer();
  const worlds = [];
  try {
    for (const rows of [Math.min(100_000, Math.ceil(large / 10)), large]) {
      say(`filling ${rows} of ${source}`);
      const sandbox = await startBenchSandbox({ [source]: rows });
      const worker = await openWorker(await server.create(`sweep_${rows}`), sandbox);
      worlds.push({ rows, sandbox, worker, spent: [] as Spent[] });
      await fillMirror(worker.sql, sandbox, source, rows);
      await server.settle(worker.sql);
    }
    for (let turn = 0; turn < ROUNDS; turn++) {
      for (const { rows, worker, spent } of worlds) {
        const { sql } = worker;
        const check = await expectUntouched(sql, source);
        spent.push(await spentBy(sql, () => worker.work('walk', source)));
        await check();
        const [run] = await sql`
          select unchanged, inserted + updated + deleted as changed from sync.runs order by run_id desc limit 1`;
        if (run?.['unchanged'] !== rows || run['changed'] !== 0)
          throw new Error(`not a sweep of ${rows}: ${JSON.stringify(run)}`);
      }
    }
    const [few = Number.NaN, many = Number.NaN] = worlds.map(
      ({ rows, spent }) => rows / median(spent.map(({ ms }) => ms)),
    );
    const figures = worlds.map(({ rows, spent }) => ({
      source,
      rows,
      seconds: spread(
        spent.map(({ ms }) => ms / 1000),
        1,
      ),
      'rows/s': round((rows / median(spent.map(({ ms }) => ms))) * 1000),
      'own processor s': spread(
        spent.map(({ processorMs }) => processorMs / 1000),
        1,
      ),
      'WAL kB': spread(spent.map(({ walBytes }) => walBytes / 1000)),
      'rows written': 0,
    }));
    report('sweep', figures, `rows/s of ${large} against those of a tenth: ${(many / few).toFixed(2)}`);
  } finally {
    for (const { sandbox, worker } of worlds) {
      await worker.close();
      await sandbox.close();
    }
    await server.stop();
  }
}
