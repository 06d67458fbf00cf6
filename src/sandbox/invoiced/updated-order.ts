import type { Block } from './generated.js';
import { updatedAt } from './generated.js';

/**
 * The order by `updated_at`, then id, without sorting for each request: one sorted array for the tasks that are still as
 * they were generated, one for those that were made or changed since. Entries that no longer hold are passed over.
 */
export interface UpdatedOrder {
  /** A task was made, or its `updated_at` changed. */
  touched(id: number, updatedAt: number): void;
  addBlock(block: Block): void;
  /** Ids from the newest on. */
  newest(offset: number, limit: number): readonly number[];
}

/** What is known of an id now: its `updated_at` since it was last touched, `null` if it is gone, undefined if as generated. */
export type Current = (id: number) => number | null | undefined;

export function createUpdatedOrder(current: Current): UpdatedOrder {
  const blocks: Block[] = [];
  let base: Float64Array | undefined;
  let recent: number[] = [];
  let sorted = true;
  let tidyAt = 10_000;

  const holds = (key: number) => current(idOf(key)) === timeOf(key);
  const tidy = () => {
    recent = [...new Set(recent.filter(holds))].sort((a, b) => a - b);
    sorted = true;
    tidyAt = 2 * recent.length + 10_000;
  };
  return {
    touched(id, time) {
      const key = keyOf(id, time);
      const last = recent.at(-1) ?? -1;
      if (key === last) return;
      if (key < last) sorted = false;
      recent.push(key);
    },
    addBlock(block) {
      blocks.push(block);
      base = undefined;
    },
    newest(offset, limit) {
      base ??= sortedKeys(blocks);
      if (!sorted || recent.length > tidyAt) tidy();
      return merge(
        base,
        recent,
        { holds, untouched: (key) => current(idOf(key)) === undefined },
        offset,
        limit,
      );
    },
  };
}

interface Tests {
  readonly holds: (key: number) => boolean;
  readonly untouched: (key: number) => boolean;
}

function merge(
  base: Float64Array,
  recent: readonly number[],
  { holds, untouched }: Tests,
  offset: number,
  limit: number,
): readonly number[] {
  const ids: number[] = [];
  let toSkip = offset;
  let inBase = base.length - 1;
  let inRecent = recent.length - 1;
  while (ids.length < limit && (inBase >= 0 || inRecent >= 0)) {
    const fromBase = base[inBase] ?? -1;
    const fromRecent = recent[inRecent] ?? -1;
    const key = Math.max(fromBase, fromRecent);
    const isThere = fromBase > fromRecent ? untouched(key) : holds(key);
    if (fromBase > fromRecent) inBase -= 1;
    else inRecent -= 1;
    if (!isThere) continue;
    if (toSkip > 0) toSkip -= 1;
    else ids.push(idOf(key));
  }
  return ids;
}

/** Time and id in one number of 53 bits, so that a typed array sorts them: seconds since 2000 until 2068, ids below 4 million. */
const idSpan = 2 ** 22;
const year2000 = 946_684_800;

function keyOf(id: number, time: number): number {
  const since = time - year2000;
  if (since < 0 || since >= 2 ** 31) throw new RangeError('The simulated Invoiced lives from 2000 to 2068.');
  return since * idSpan + id;
}

function idOf(key: number): number {
  return key % idSpan;
}

function timeOf(key: number): number {
  return Math.floor(key / idSpan) + year2000;
}

function sortedKeys(blocks: readonly Block[]): Float64Array {
  const keys = new Float64Array(blocks.reduce((sum, block) => sum + block.count, 0));
  let at = 0;
  for (const block of blocks) {
    for (let id = block.firstId; id < block.firstId + block.count; id += 1) {
      keys[at] = keyOf(id, updatedAt(block, id));
      at += 1;
    }
  }
  return keys.sort();
}
