import type { JsonObject, Position } from '../source.js';

/** Where a walk is: FreshBooks lists deleted tasks apart from the others. */
export interface Place extends JsonObject {
  readonly scan: 'active' | 'deleted';
  readonly page: number;
  /** How many rows the scans before this one had, for progress. */
  readonly before: number;
}

export const beginning: Place = { scan: 'active', page: 1, before: 0 };

/** Where to go on: a page before, since rows may have moved toward the front meanwhile. */
export function resume(from: Position | null): Place {
  const { scan, page, before } = from ?? beginning;
  if ((scan !== 'active' && scan !== 'deleted') || typeof page !== 'number' || !Number.isSafeInteger(page)) {
    return beginning;
  }
  return { scan, page: Math.max(1, page - 1), before: typeof before === 'number' ? before : 0 };
}
