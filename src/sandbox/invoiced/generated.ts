import { hash, pick } from '../chance.js';
import { collectionActions, collectionTask } from '../words.js';
import type { InvoicedTask } from './task.js';

/** A run of tasks that is kept as its seed: each is made when it is read, always the same. Times are unix seconds. */
export interface Block {
  readonly seed: number;
  readonly firstId: number;
  readonly count: number;
  readonly from: number;
  readonly until: number;
}

const day = 86_400;

/** Ids in order of creation, spread evenly over the block's time. */
export function generated(block: Block, id: number): InvoicedTask {
  const { seed } = block;
  const created = createdAt(block, id);
  const updated = updatedAt(block, id);
  const action = pick(collectionActions, hash(seed, id, 2));
  const customer = 480_000 + (hash(seed, id, 3) % Math.max(12, Math.ceil(block.count / 20)));
  const user = hash(seed, id, 4) % 10 === 0 ? null : 1970 + (hash(seed, id, 5) % 9);
  const complete = updated > created && hash(seed, id, 6) % 2 === 0;
  return {
    action,
    chase_step_id: hash(seed, id, 7) % 4 === 0 ? 300 + (hash(seed, id, 8) % 12) : null,
    complete,
    completed_by_user_id: complete ? user : null,
    completed_date: complete ? updated : null,
    created_at: created,
    customer_id: customer,
    due_date: created - (created % day) + (1 + (hash(seed, id, 9) % 45)) * day + 5 * 3600,
    id,
    name: collectionTask(action, customer, 1000 + (hash(seed, id, 10) % 9000)),
    updated_at: updated,
    user_id: user,
  };
}

/** Two of three tasks were changed within 40 days of their creation, never after the block's end. */
export function updatedAt(block: Block, id: number): number {
  const created = createdAt(block, id);
  if (hash(block.seed, id, 0) % 3 === 0) return created;
  return created + (hash(block.seed, id, 1) % Math.max(1, Math.min(40 * day, block.until - created)));
}

function createdAt({ from, until, count, firstId }: Block, id: number): number {
  return from + Math.floor(((until - from) * (id - firstId)) / count);
}
