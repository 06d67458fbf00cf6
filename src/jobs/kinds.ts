import type { WorkKind } from '../sync/work.js';

/** One queue for each kind of work, not for each account. A further kind is one line here. */
export const QUEUE_NAMES = {
  poll: 'taskmirror-poll',
  walk: 'taskmirror-walk',
  push: 'taskmirror-push',
} as const satisfies Record<WorkKind, string>;

/**
 * How many jobs of a kind one process does at a time. Their time goes into waiting for an API: 16 polls of two answers at 150 ms are
 * some 45 a second, a third of what one core can do (`npm run bench -- many`).
 */
export const CONCURRENCY = { poll: 16, walk: 4, push: 8 } as const satisfies Record<WorkKind, number>;

export const KINDS = Object.keys(QUEUE_NAMES) as readonly WorkKind[];
