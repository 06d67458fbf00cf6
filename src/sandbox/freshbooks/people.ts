import type { SandboxWorld } from '../api.js';
import type { FreshBooksOptions } from './options.js';
import { type FreshBooksSeed, seedRows } from './seed.js';
import type { TaskChanges } from './task-body.js';
import { type FreshBooksTask, parseAmount, taskJson } from './task-json.js';
import type { TaskStore } from './task-store.js';
import type { TaskRow, VisState } from './task-table.js';
import { newRow, nextId } from './tasks.js';
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
 * What people do in FreshBooks' own screens, past the API and its rules. Each change sets `updated` to the sandbox's time
 * and gives the task. Unknown ids throw.
 */
export interface FreshBooksPeople {
  task(id: number): FreshBooksTask | undefined;
  /** Deleted ones too, in order of ids. */
  tasks(): Iterable<FreshBooksTask>;
  /** Deleted ones too. */
  count(): number;
  /** Any id that exists, perhaps a deleted task's; undefined when there is none. */
  randomId(): number | undefined;
  /** Adds tasks that are made from the world's seed. */
  seed(seed: FreshBooksSeed): void;
  createTask(input?: TaskInput): FreshBooksTask;
  editTask(id: number, input: TaskInput): FreshBooksTask;
  deleteTask(id: number): FreshBooksTask;
  restoreTask(id: number): FreshBooksTask;
  archiveTask(id: number): FreshBooksTask;
  /** A project's service changes, and with it the task that mirrors it; without an id a service, and so a task, appears. */
  touchService(id?: number, input?: TaskInput): FreshBooksTask;
  /** Overlays keys on the API's answers for one task, lists and single reads alike: hostile values, unknown keys. */
  mangle(id: number, keys: Readonly<Record<string, unknown>>): void;
}

export function createPeople(
  store: TaskStore,
  world: SandboxWorld,
  options: FreshBooksOptions,
): FreshBooksPeople & { show(row: TaskRow): unknown } {
  const { table } = store;
  const mangled = new Map<number, Readonly<Record<string, unknown>>>();

  const change = (id: number, changes: TaskChanges & { readonly visState?: VisState }): FreshBooksTask => {
    const row = store.find(id);
    if (row === null) throw new Error(`There is no task ${id} in the sandbox`);
    const next: TaskRow = { ...row, ...changes, updated: easternWall(world.now()) };
    store.replace(next);
    return taskJson(next, options);
  };
  const createTask = (input: TaskInput = {}): FreshBooksTask => {
    const row = newRow(store, world, options, { name: `Task ${table.length + 1}`, ...changesOf(input) });
    store.insert([row]);
    return taskJson(row, options);
  };

  return {
    task(id) {
      const row = store.find(id);
      return row === null ? undefined : taskJson(row, options);
    },
    *tasks() {
      for (let slot = 0; slot < table.length; slot += 1) yield taskJson(table.read(slot), options);
    },
    count: () => table.length,
    randomId: () =>
      table.length === 0 ? undefined : table.read(Math.floor(world.random() * table.length)).id,
    seed: (seed) => store.insert(seedRows(seed, nextId(table, options), world, options)),
    createTask,
    editTask: (id, input) => change(id, changesOf(input)),
    deleteTask: (id) => change(id, { visState: 1 }),
    restoreTask: (id) => change(id, { visState: 0 }),
    archiveTask: (id) => change(id, { visState: 2 }),
    touchService: (id, input = {}) => (id === undefined ? createTask(input) : change(id, changesOf(input))),
    mangle: (id, keys) => {
      mangled.set(id, keys);
    },
    show: (row) => ({ ...taskJson(row, options), ...mangled.get(row.id) }),
  };
}

function changesOf({ rate, ...others }: TaskInput): TaskChanges {
  if (rate === undefined) return others;
  const cents = parseAmount(rate.amount);
  if (cents === null) throw new Error(`${rate.amount} is not an amount of money`);
  return { ...others, cents, ...(rate.code === undefined ? {} : { code: rate.code }) };
}
