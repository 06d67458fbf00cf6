import type { Hono } from 'hono';
import { shared } from '../bounded.js';
import { createGauges } from '../metrics/gauges.js';
import type { Parts } from '../parts.js';

/** For Prometheus, in its text format. Any number of scrapes at a time ask the database once. */
export function addMetrics(app: Hono, parts: Parts): void {
  const { registry } = parts.metrics;
  const fill = createGauges(registry, parts);
  const scrape = shared(async () => {
    await fill();
    return registry.metrics();
  });
  app.get('/metrics', async (c) => c.body(await scrape(), 200, { 'content-type': registry.contentType }));
}
