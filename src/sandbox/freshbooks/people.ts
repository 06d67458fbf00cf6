import type { SandboxWorld } from '../api.js';
import type { FreshBooksOptions } from './options.js';
import type { TaskChanges } from './task-body.js';
import { type FreshBooksTask, parseAmount, taskJson } from './task-json.js';
import type { TaskStore } from './task-store.js';
import type { TaskRow, VisState } from './task-table.js';
import { newRow } from './tasks.js';
import { easternWall } from './wall-time.js';

/** What a person types into a task. */
export interface TaskInput {
  readonly name?: string;
  readonly description?: string;
  readonly rate?: { readonly amount: string | number; readonly code?: string };
  readonly billable?: boolean;
  readonly tax1?: number;
  readonly tax2?: number;
}

/**
 * What people do in FreshBooks itself, past the API and its rules. Each sets `updated` to the sandbox's time and returns
 * the task; an unknown id throws.
 */
export interface FreshBooksPeople {
  createTask(input: TaskInput & { readonly name: string }): FreshBooksTask;
  editTask(id: number, input: TaskInput): FreshBooksTask;
  deleteTask(id: number): FreshBooksTask;
  restoreTask(id: number): FreshBooksTask;
  archiveTask(id: number): FreshBooksTask;
  /** A project's service changes, and the task that mirrors it with it; without an id a new one appears. */
  touchService(id?: number, input?: TaskInput): FreshBooksTask;
  task(id: number): FreshBooksTask | null;
  /** Every task, deleted ones too, in order of id. */
  tasks(): IterableIterator<FreshBooksTask>;
  countTasks(): number;
}

export function createPeople(
  store: TaskStore,
  world: SandboxWorld,
  options: () => FreshBooksOptions,
): FreshBooksPeople {
  const change = (id: number, changes: TaskChanges & { readonly visState?: VisState }): FreshBooksTask => {
    const row = store.find(id);
    if (row === null) throw new Error(`There is no task ${id} in the sandbox`);
    const next: TaskRow = { ...row, ...changes, updated: easternWall(world.now()) };
    store.replace(next);
    return taskJson(next, options());
  };
  const createTask: FreshBooksPeople['createTask'] = (input) => {
    const row = newRow(store, world, options(), { name: input.name, ...changesOf(input) });
    store.insert([row]);
    return taskJson(row, options());
  };

  return {
    createTask,
    editTask: (id, input) => change(id, changesOf(input)),
    deleteTask: (id) => change(id, { visState: 1 }),
    restoreTask: (id) => change(id, { visState: 0 }),
    archiveTask: (id) => change(id, { visState: 2 }),
    touchService: (id, input = {}) =>
      id === undefined
        ? createTask({ name: `Service ${store.table.length + 1}`, ...input })
        : change(id, changesOf(input)),
    task(id) {
      const row = store.find(id);
      return row === null ? null : taskJson(row, options());
    },
    *tasks() {
      for (let slot = 0; slot < store.table.length; slot += 1)
        yield taskJson(store.table.read(slot), options());
    },
    countTasks: () => store.table.length,
  };
}

function changesOf({ rate, ...others }: TaskInput): TaskChanges {
  if (rate === undefined) return others;
  const cents = parseAmount(rate.amount);
  if (cents === null) throw new Error(`${rate.amount} is not an amount of money`);
  return { ...others, cents, ...(rate.code === undefined ? {} : { code: rate.code }) };
}
