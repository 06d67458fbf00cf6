import { pino } from 'pino';
import { readConfig } from '../../src/config/read-config.js';
import { createMetrics } from '../../src/http/metrics/metrics.js';
import { serve } from '../../src/http/server.js';
import { openDatabase } from '../../src/mirror/database.js';
import { systemRuntime } from '../../src/runtime.js';
import { say, timed, versionOf, withBenchDatabase } from './database.js';
import { report, round, spread } from './report.js';
import { fillLargeMirror } from './reporting-rows.js';

const LOADS = 50;

/** How long the status page takes over loopback, on a mirror of a million tasks of each source and three months of runs. */
export async function run(): Promise<void> {
  await withBenchDatabase('page', async (sql, { url: databaseUrl }) => {
    say('filling');
    await fillLargeMirror(sql);
    const pageDb = openDatabase(databaseUrl, { applicationName: 'taskmirror bench page', max: 3 });
    const { http } = readConfig({ HTTP_PORT: '0' });
    if (http === null) throw new Error('It is off.');
    const server = await serve(http, {
      runtime: systemRuntime,
      log: pino({ level: 'silent' }),
      db: pageDb,
      pageDb,
      settings: { push: true, deleteLimit: 0.2 },
      sealer: null,
      metrics: createMetrics(),
      daemon: { queues: null, workers: null, stopping: false },
    });
    try {
      const load = () =>
        timed(async () => {
          const answer = await fetch(server.url);
          await answer.text();
          if (!answer.ok) throw new Error(`It answers ${answer.status}.`);
        });
      const first = await load();
      const times: number[] = [];
      for (let turn = 0; turn < LOADS; turn += 1) times.push(await load());
      report(
        'page',
        await versionOf(sql),
        [{ 'first load, ms': round(first), loads: LOADS, 'each, ms': spread(times) }],
        'median (least-most)',
      );
    } finally {
      await server.close();
      await pageDb.close();
    }
  });
}
