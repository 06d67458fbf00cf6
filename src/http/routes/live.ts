import type { Hono } from 'hono';
import type { Page } from '../page/page.js';

/** What has changed on the status page, as server-sent events, for as long as somebody looks. */
export function addLive(app: Hono, { live }: Page): void {
  app.get('/live', (c) => {
    const stream = live.listen();
    if (stream === null) return c.text(TOO_MANY, 503, { 'retry-after': '30' });
    return c.body(stream, 200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  });
}

const TOO_MANY = 'Too many look at this page now, or the daemon stops: load it again for the latest.\n';
