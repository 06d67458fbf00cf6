import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { HttpConfig } from '../config/config.js';
import { guard } from './guard.js';
import { createPage } from './page/page.js';
import type { Parts } from './parts.js';
import { addHealthz } from './routes/healthz.js';
import { addLive } from './routes/live.js';
import { addMetrics } from './routes/metrics.js';
import { addPage } from './routes/page.js';
import { addQueues } from './routes/queues.js';
import { addReadyz } from './routes/readyz.js';

export interface App {
  readonly fetch: Hono['fetch'];
  /** Ends what would go on for as long as somebody listens. */
  close(): void;
}

/** All routes, one file for each, behind one guard. */
export function makeApp(config: HttpConfig, parts: Parts): App {
  const app = new Hono();
  const page = createPage(config, parts);
  // A form of a page without a referrer has no origin either, which tells old browsers' own from others'.
  app.use(secureHeaders({ referrerPolicy: 'same-origin' }));
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  });
  app.use(guard(config.token));
  addHealthz(app);
  addReadyz(app, parts);
  addMetrics(app, parts);
  addQueues(app, config.bullBoard, parts);
  addPage(app, page);
  addLive(app, page);
  app.notFound((c) => c.text(`There is nothing at ${c.req.path}.\n`, 404));
  app.onError((error, c) => {
    parts.log.error({ err: error, method: c.req.method, path: c.req.path }, 'A request met a fault.');
    return c.text('This failed; the log of the daemon says why.\n', 500);
  });
  return { fetch: app.fetch, close: () => page.live.close() };
}
