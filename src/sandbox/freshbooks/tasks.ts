import type { SandboxRequest, SandboxResponse, SandboxWorld } from '../api.js';
import { parsePaging, parseSearch } from './list-query.js';
import type { FreshBooksOptions } from './options.js';
import { problem } from './problem.js';
import { parseTaskBody, type TaskChanges, taskChanges } from './task-body.js';
import type { TaskStore } from './task-store.js';
import type { TaskRow, TaskTable, VisState } from './task-table.js';
import { easternWall } from './wall-time.js';

/** The calls on one account's tasks. All of them throw Problem. */
export interface TaskCalls {
  list(request: SandboxRequest): SandboxResponse;
  read(id: string): SandboxResponse;
  create(request: SandboxRequest): SandboxResponse;
  update(id: string, request: SandboxRequest): SandboxResponse;
}

export function createTaskCalls(
  store: TaskStore,
  world: SandboxWorld,
  options: FreshBooksOptions,
  show: (row: TaskRow) => unknown,
): TaskCalls {
  const one = (row: TaskRow): SandboxResponse => ({
    status: 200,
    body: { response: { result: { task: show(row) } } },
  });

  return {
    list({ query }) {
      const { page, perPage } = parsePaging(query);
      const search = parseSearch(query, options);
      const { rows, total } = store.list(search, options.listOrder, (page - 1) * perPage, perPage);
      const counted = total + options.unreadable;
      const result = {
        page,
        pages: Math.ceil(counted / perPage),
        per_page: perPage,
        tasks: rows.map(show),
        total: counted,
      };
      return { status: 200, body: { response: { result } } };
    },
    read(id) {
      const row = find(id);
      if (row.visState === 1 && options.getDeleted === 'error') throw wasDeleted(row);
      return one(row);
    },
    create({ body }) {
      const changes = taskChanges(parseTaskBody(body), options);
      if (changes.name === undefined) throw problem(422, 1001, 'Name is required.', { field: 'name' });
      refuseDuplicate(changes.name, null);
      const row = newRow(store, world, options, { name: changes.name, ...changes });
      store.insert([row]);
      return one(row);
    },
    update(id, { body }) {
      const task = parseTaskBody(body);
      const row = find(id);
      // One phase: with vis_state in the body, everything else in it is dropped without a word.
      const next =
        'vis_state' in task ? { ...row, visState: readVisState(task['vis_state']) } : edited(row, task);
      if (options.emptyUpdate === 'keeps' && isSame(row, next)) return one(row);
      const written = { ...next, updated: easternWall(world.now()) };
      store.replace(written);
      return one(written);
    },
  };

  function find(id: string): TaskRow {
    const row = /^\d{1,15}$/.test(id) ? store.find(Number(id)) : null;
    if (row === null) throw problem(404, 1012, 'Task not found.', { field: 'taskid', value: id });
    return row;
  }

  function edited(row: TaskRow, task: Readonly<Record<string, unknown>>): TaskRow {
    if (row.visState === 1 && options.editDeleted === 'refused') throw wasDeleted(row);
    const changes = taskChanges(task, options);
    if (changes.name !== undefined) refuseDuplicate(changes.name, row.id);
    return { ...row, ...changes };
  }

  function readVisState(value: unknown): VisState {
    if (value === 0 || value === 1 || (value === 2 && options.archive === 'allowed')) return value;
    throw problem(422, 1004, 'Value is not valid.', { field: 'vis_state', value: JSON.stringify(value) });
  }

  function refuseDuplicate(name: string, own: number | null): void {
    if (options.duplicateName === 'taken') return;
    const { table } = store;
    for (let slot = 0; slot < table.length; slot += 1) {
      if (table.name(slot) !== name || table.visState(slot) === 1 || table.read(slot).id === own) continue;
      throw problem(422, 1004, 'A task with this name exists already.', { field: 'name', value: name });
    }
  }

  function wasDeleted(row: TaskRow) {
    return problem(options.deletedStatus, 1011, 'Task was deleted.', {
      field: 'taskid',
      value: String(row.id),
    });
  }
}

/** The next task, with the values that FreshBooks gives to one of which only the name is known. */
export function newRow(
  store: TaskStore,
  world: SandboxWorld,
  options: FreshBooksOptions,
  changes: TaskChanges & { readonly name: string },
): TaskRow {
  return {
    id: nextId(store.table, options),
    description: '',
    cents: 0,
    code: options.currency,
    billable: true,
    tax1: 0,
    tax2: 0,
    visState: 0,
    updated: easternWall(world.now()),
    ...changes,
  };
}

export function nextId(table: TaskTable, options: FreshBooksOptions): number {
  return table.length === 0 ? options.firstTaskId : table.read(table.length - 1).id + 1;
}

function isSame(a: TaskRow, b: TaskRow): boolean {
  return (Object.keys(a) as (keyof TaskRow)[]).every((key) => a[key] === b[key]);
}
