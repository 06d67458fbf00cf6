import { onTestFinished } from 'vitest';
import { readConfig } from '../../src/config/read-config.js';
import { createMetrics } from '../../src/http/metrics/metrics.js';
import { serve } from '../../src/http/server.js';
import { openDatabase } from '../../src/mirror/database.js';
import { systemRuntime } from '../../src/runtime.js';
import { silent } from '../jobs/harness.js';
import { freePort } from '../servers/index.js';

/** A server of this process, without a daemon behind it and with a database that is not there. */
export async function serveWith(env: Readonly<Record<string, string>>): Promise<string> {
  const { http } = readConfig({ HTTP_PORT: '0', ...env });
  if (http === null) throw new Error('It is off.');
  const db = openDatabase(`postgres://nobody@127.0.0.1:${await freePort()}/none`, {
    applicationName: 'taskmirror test',
  });
  const daemon = { queues: null, workers: null, stopping: false };
  const server = await serve(http, {
    runtime: systemRuntime,
    log: silent,
    db,
    pageDb: db,
    settings: { push: true, deleteLimit: 0.2 },
    sealer: null,
    metrics: createMetrics(),
    daemon,
  });
  onTestFinished(async () => {
    await server.close();
    await db.close();
  });
  return server.url.replace('0.0.0.0', '127.0.0.1');
}
