import type { Page, SourceClient } from '../../src/sources/source.js';
import type { SyncContext } from '../../src/sync/context.js';
import type { Worker, World } from './world.js';

/** A worker whose listings give so many pages and then no more, until it is stopped; but for one that ends with them. */
export function stalling(world: World, pages: number, surroundings: Partial<SyncContext> = {}): Worker {
  return world.as({
    ...surroundings,
    open: (...opening): SourceClient => {
      const client = world.context.open(...opening);
      return {
        ...client,
        changes: (since, signal) => some(client.changes(since, signal), pages, signal),
        walk: (from, signal) => some(client.walk(from, signal), pages, signal),
      };
    },
  });
}

async function* some(all: AsyncIterable<Page>, count: number, signal: AbortSignal): AsyncGenerator<Page> {
  let given = 0;
  for await (const page of all) {
    yield page;
    given += 1;
    if (given === count && page.next !== null) await aborted(signal);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}
