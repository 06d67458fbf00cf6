import { loadavg } from 'node:os';
import { pino } from 'pino';
import { readConfig } from '../../src/config/read-config.js';
import { createMetrics } from '../../src/http/metrics/metrics.js';
import { serve } from '../../src/http/server.js';
import { openDatabase } from '../../src/mirror/database.js';
import { systemRuntime } from '../../src/runtime.js';
import { median, say, timed, withBenchDatabase } from './database.js';
import { fillLargeMirror } from './reporting-rows.js';

const LOADS = 50;

/** How long the status page takes over loopback, on a mirror of a million tasks of each source and three months of runs. */
export async function run(): Promise<void> {
  await withBenchDatabase('page', async (sql, { url: databaseUrl }) => {
    say(`Filling; load ${loadavg()[0]?.toFixed(1)}`);
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
      say(`first load: ${(await load()).toFixed(0)} ms`);
      const times: number[] = [];
      for (let turn = 0; turn < LOADS; turn += 1) times.push(await load());
      const slowest = Math.max(...times).toFixed(0);
      say(
        `${LOADS} loads: median ${median(times).toFixed(0)} ms, slowest ${slowest} ms; load ${loadavg()[0]?.toFixed(1)}`,
      );
    } finally {
      await server.close();
      await pageDb.close();
    }
  });
}
