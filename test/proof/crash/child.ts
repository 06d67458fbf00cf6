import type { Work } from '../../../src/sync/work.js';
import { type Orders, openWorker } from './worker.js';

/** A worker that does one piece of work, and is killed from without. */
const orders = JSON.parse(process.argv[2] ?? '') as Orders & { readonly work: Work };
const { perform, close } = openWorker(orders);
await perform(orders.work, new AbortController().signal, () => {});
await close();
