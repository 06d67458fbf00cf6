import type { SandboxRequest, SandboxResponse } from '../api.js';
import { createAt, type Desk, editAt, removeAt } from './at-work.js';
import { readEdit } from './body.js';
import { createTaskList, pageHeaders } from './list.js';
import { readPage } from './query.js';
import { Refusal } from './refusal.js';
import type { InvoicedTask } from './task.js';

/** `tasks.list`, `tasks.get`, `tasks.create`, `tasks.update`, `tasks.delete`, `events.list` or `unknown`. */
export function routeOf({ method, path }: SandboxRequest): string {
  const [collection, id, ...more] = path.split('/').slice(1);
  if (more.length > 0) return 'unknown';
  const known = id === undefined ? collectionRoutes : taskRoutes;
  return known[`${method} ${collection}`] ?? 'unknown';
}

const collectionRoutes: Readonly<Record<string, string>> = {
  'GET tasks': 'tasks.list',
  'POST tasks': 'tasks.create',
  'GET events': 'events.list',
};

const taskRoutes: Readonly<Record<string, string>> = {
  'GET tasks': 'tasks.get',
  'PATCH tasks': 'tasks.update',
  'DELETE tasks': 'tasks.delete',
};

/** Does the work of each route. Throws Refusal. */
export function createRoutes(desk: Desk): (request: SandboxRequest) => SandboxResponse {
  const list = createTaskList(desk.world, desk.options, desk.store, desk.present);
  return (request) => {
    switch (routeOf(request)) {
      case 'tasks.list':
        return list(request);
      case 'tasks.get':
        return { status: 200, body: desk.present(taskAt(desk, request)) };
      case 'tasks.create':
        return { status: 201, body: desk.present(createAt(desk, readEdit(request, desk.options, 'create'))) };
      case 'tasks.update': {
        const task = taskAt(desk, request);
        return {
          status: 200,
          body: desk.present(editAt(desk, task, readEdit(request, desk.options, 'update'))),
        };
      }
      case 'tasks.delete':
        removeAt(desk, taskAt(desk, request));
        return { status: 204 };
      case 'events.list':
        return eventsAt(desk, request);
      default:
        throw new Refusal(404, `Request was not recognized: ${request.method} ${request.path}`);
    }
  };
}

function taskAt({ store }: Desk, { path }: SandboxRequest): InvoicedTask {
  const id = path.split('/')[2] ?? '';
  const task = /^\d{1,15}$/.test(id) ? store.get(Number(id)) : undefined;
  if (!task) throw new Refusal(404, `Task was not found: ${id}`);
  return task;
}

function eventsAt({ events }: Desk, request: SandboxRequest): SandboxResponse {
  const { query } = request;
  const found = events.find(
    query.get('type'),
    seconds(query.get('start_date')),
    seconds(query.get('end_date')),
  );
  const { page, perPage } = readPage(query);
  return {
    status: 200,
    headers: pageHeaders(request, { page, perPage }, found.length),
    body: found.slice((page - 1) * perPage, page * perPage),
  };
}

function seconds(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
