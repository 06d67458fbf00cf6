import { setTimeout as delay } from 'node:timers/promises';
import type { WorkKind } from '../../../src/sync/work.js';
import { type Orders, openWorker } from './worker.js';

/** A worker that works until it is killed: every kind of work at every account, one piece after the other. */
const orders = JSON.parse(process.argv[2] ?? '') as Orders;
const { perform } = openWorker(orders);
const kinds: readonly WorkKind[] = ['poll', 'push', 'poll', 'walk'];
for (;;) {
  for (const kind of kinds) {
    for (const connection of Object.keys(orders.accounts)) {
      // Where a server is lost, as when its connections are cut, a daemon comes back too.
      await perform({ kind, connection }, new AbortController().signal, () => {}).catch(() => {});
      await delay(20);
    }
  }
}
