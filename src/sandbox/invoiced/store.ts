import { type Block, generated } from './generated.js';
import type { InvoicedTask } from './task.js';
import { createUpdatedOrder } from './updated-order.js';

/** All tasks: those made from seeds as their seeds, those made or changed since as they are. */
export interface TaskStore {
  readonly size: number;
  readonly lastId: number;
  /** Grows with each change: what was computed for one version holds as long as it stands. */
  readonly version: number;
  get(id: number): InvoicedTask | undefined;
  put(task: InvoicedTask): void;
  delete(id: number): void;
  nextId(): number;
  seed(block: Omit<Block, 'firstId'>): void;
  /** In order of ids, from the first one after this. */
  after(id: number): Iterable<InvoicedTask>;
  /** Ids by `updated_at`, then id, the newest first. */
  newest(offset: number, limit: number): readonly number[];
  snapshot(): StoredTasks;
  restore(stored: StoredTasks): void;
}

export interface StoredTasks {
  readonly lastId: number;
  readonly blocks: readonly Block[];
  readonly changed: readonly InvoicedTask[];
  readonly gone: readonly number[];
}

/** The first task gets `firstId`. */
export function createTaskStore(firstId: number): TaskStore {
  const changed = new Map<number, InvoicedTask | null>();
  let blocks: Block[] = [];
  let lastId = firstId - 1;
  let size = 0;
  let version = 0;
  const current = (id: number) => {
    const task = changed.get(id);
    return task ? task.updated_at : task;
  };
  let order = createUpdatedOrder(current);

  const get = (id: number) => {
    const task = changed.get(id);
    if (task !== undefined) return task ?? undefined;
    const block = blocks.find((one) => id >= one.firstId && id < one.firstId + one.count);
    return block && Number.isInteger(id) ? generated(block, id) : undefined;
  };
  const put = (task: InvoicedTask) => {
    if (!get(task.id)) size += 1;
    changed.set(task.id, task);
    order.touched(task.id, task.updated_at);
    lastId = Math.max(lastId, task.id);
    version += 1;
  };
  const remove = (id: number) => {
    if (!get(id)) return;
    changed.set(id, null);
    size -= 1;
    version += 1;
  };
  const addBlock = (block: Block) => {
    blocks.push(block);
    order.addBlock(block);
    lastId = Math.max(lastId, block.firstId + block.count - 1);
    size += block.count;
    version += 1;
  };

  return {
    get size() {
      return size;
    },
    get lastId() {
      return lastId;
    },
    get version() {
      return version;
    },
    get,
    put,
    delete: remove,
    nextId() {
      lastId += 1;
      return lastId;
    },
    seed: (block) => addBlock({ ...block, firstId: lastId + 1 }),
    *after(id) {
      for (let next = Math.max(id + 1, firstId); next <= lastId; next += 1) {
        const task = get(next);
        if (task) yield task;
      }
    },
    newest: (offset, limit) => order.newest(offset, limit, version),
    snapshot: () => ({
      lastId,
      blocks: [...blocks],
      changed: [...changed.values()].filter((task) => task !== null),
      gone: [...changed].filter(([, task]) => task === null).map(([id]) => id),
    }),
    restore(stored) {
      changed.clear();
      blocks = [];
      size = 0;
      order = createUpdatedOrder(current);
      for (const block of stored.blocks) addBlock(block);
      for (const task of stored.changed) put(task);
      for (const id of stored.gone) remove(id);
      lastId = stored.lastId;
    },
  };
}
