import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { HttpConfig } from '../config/config.js';
import { guard } from './guard.js';
import type { Parts } from './parts.js';
import { addHealthz } from './routes/healthz.js';
import { addMetrics } from './routes/metrics.js';
import { addQueues } from './routes/queues.js';
import { addReadyz } from './routes/readyz.js';

/** All routes, one file for each, behind one guard. */
export function makeApp({ token, bullBoard }: HttpConfig, parts: Parts): Hono {
  const app = new Hono();
  app.use(secureHeaders());
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  });
  app.use(guard(token));
  addHealthz(app);
  addReadyz(app, parts);
  addMetrics(app, parts);
  addQueues(app, bullBoard, parts);
  app.notFound((c) => c.text(`There is nothing at ${c.req.path}.\n`, 404));
  app.onError((error, c) => {
    parts.log.error({ err: error, method: c.req.method, path: c.req.path }, 'A request met a fault.');
    return c.text('This failed; the log of the daemon says why.\n', 500);
  });
  return app;
}
