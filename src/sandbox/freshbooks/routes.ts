import type { SandboxRequest } from '../api.js';

export type Route =
  | 'tasks.list'
  | 'tasks.read'
  | 'tasks.create'
  | 'tasks.update'
  | 'users.me'
  | 'oauth.token'
  | 'oauth.authorize'
  | 'unknown';

/** Which call it is, with the account's and the task's id as far as the path holds them. */
export function findRoute({ method, path }: SandboxRequest): {
  readonly route: Route;
  readonly account: string;
  readonly id: string;
} {
  for (const [wanted, pattern, route] of routes) {
    const match = method === wanted ? pattern.exec(path) : null;
    if (match) return { route, account: match[1] ?? '', id: match[2] ?? '' };
  }
  return { route: 'unknown', account: '', id: '' };
}

/** The scope that a call asks for. */
export const neededScope: Readonly<Partial<Record<Route, string>>> = {
  'tasks.list': 'user:billable_items:read',
  'tasks.read': 'user:billable_items:read',
  'tasks.create': 'user:billable_items:write',
  'tasks.update': 'user:billable_items:write',
  'users.me': 'user:profile:read',
};

const tasks = /^\/accounting\/account\/([^/]+)\/projects\/tasks\/?$/;
const task = /^\/accounting\/account\/([^/]+)\/projects\/tasks\/([^/]+)\/?$/;

const routes: readonly (readonly [method: string, path: RegExp, Route])[] = [
  ['GET', tasks, 'tasks.list'],
  ['GET', task, 'tasks.read'],
  ['POST', tasks, 'tasks.create'],
  ['PUT', task, 'tasks.update'],
  ['GET', /^\/auth\/api\/v1\/users\/me\/?$/, 'users.me'],
  ['POST', /^\/auth\/oauth\/token\/?$/, 'oauth.token'],
  ['GET', /^\/oauth\/authorize\/?$/, 'oauth.authorize'],
];
