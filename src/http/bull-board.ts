import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { HonoAdapter } from '@bull-board/hono';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import type { WorkQueue } from '../jobs/payload.js';
import type { Queues } from '../jobs/queues.js';

/** Bull Board under `path`. Read-only, it hides what would change the queue. */
export function makeBoard(path: string, { queues }: Queues, writable: boolean): Hono {
  const adapter = new HonoAdapter(serveStatic).setBasePath(path);
  createBullBoard({
    queues: Object.values(queues).map(
      (queue) => new BullMQAdapter(asQueue(queue), { readOnlyMode: !writable }),
    ),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'taskmirror' } },
  });
  return new Hono().route(path, adapter.registerPlugin());
}

/** Of BullMQ's class, as its back ends make it; Bull Board's types know the one on Redis alone. */
function asQueue(queue: WorkQueue): ConstructorParameters<typeof BullMQAdapter>[0] {
  return queue as ConstructorParameters<typeof BullMQAdapter>[0];
}
