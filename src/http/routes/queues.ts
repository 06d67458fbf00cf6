import type { Hono } from 'hono';
import type { BullBoardAccess } from '../../config/config.js';
import type { Queues } from '../../jobs/queues.js';
import type { Parts } from '../parts.js';

/** Bull Board: the queue as BullMQ sees it. Loaded when it is first looked at, since most processes never show it. */
export function addQueues(app: Hono, access: BullBoardAccess, { daemon }: Parts): void {
  if (access === 'off') return;
  let board: Promise<Hono> | null = null;
  const serve = async (queues: Queues, request: Request): Promise<Response> => {
    board ??= import('../bull-board.js').then(({ makeBoard }) => makeBoard(PATH, queues, access === 'write'));
    return (await board).fetch(request);
  };
  app.get(`${PATH}/`, (c) => c.redirect(PATH));
  app.all(`${PATH}/*`, async (c) => {
    if (access === 'read' && c.req.method !== 'GET') return c.text(READ_ONLY, 405, { allow: 'GET' });
    const { queues } = daemon;
    return queues === null ? c.text(NOT_YET, 503) : serve(queues, c.req.raw);
  });
}

const PATH = '/queues';
const READ_ONLY =
  'The queue is shown read-only here: set BULL_BOARD=write and restart the daemon to change it.\n';
const NOT_YET = 'The queue is not open yet: see /readyz.\n';
