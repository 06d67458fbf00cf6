import type { SandboxApi, SandboxRequest, SandboxResponse, SandboxWorld } from '../api.js';
import { createOAuth, type OAuth } from './oauth.js';
import { defaultFreshBooksOptions, type FreshBooksOptions } from './options.js';
import { createPeople, type FreshBooksPeople } from './people.js';
import { errorResponse, Problem, problem } from './problem.js';
import { createRateLimit } from './rate-limit.js';
import { type FreshBooksSeed, seedRows } from './seed.js';
import { type FreshBooksSnapshot, packRows, parseSnapshot, unpackRows } from './snapshot.js';
import { createTaskStore } from './task-store.js';
import { createTaskCalls, nextId } from './tasks.js';
import { usersMe } from './users-me.js';

export type { TokenGrant } from './oauth.js';
export {
  defaultFreshBooksOptions,
  type ErrorShape,
  type FreshBooksOptions,
  type ListOrder,
} from './options.js';
export type { FreshBooksPeople, TaskInput } from './people.js';
export type { FreshBooksSeed } from './seed.js';
export type { FreshBooksTask } from './task-json.js';

export interface FreshBooksApi
  extends SandboxApi,
    FreshBooksPeople,
    Pick<OAuth, 'consent' | 'grant' | 'revoke'> {
  readonly name: 'freshbooks';
  readonly options: FreshBooksOptions;
  /** Turns switches while it runs. Tokens given in the options count at the beginning only. */
  configure(changes: Partial<FreshBooksOptions>): void;
  /** Adds tasks. */
  seed(seed: FreshBooksSeed): void;
  /** The next writes of tasks, this many, are answered with 409: another request is changing the same object. */
  conflictNext(count: number): void;
}

/** The FreshBooks API as far as tasks need it, kept in memory. */
export function createFreshBooksApi(
  world: SandboxWorld,
  overrides: Partial<FreshBooksOptions> = {},
): FreshBooksApi {
  let options = { ...defaultFreshBooksOptions, ...overrides };
  let conflicts = 0;
  const store = createTaskStore(options.listOrder);
  const calls = createTaskCalls(store, world, () => options);
  const oauth = createOAuth(world, () => options);
  const rateLimit = createRateLimit();

  function answer(request: SandboxRequest): SandboxResponse {
    const { route, account, id } = findRoute(request);
    authorise(request, route);
    if (route === 'users.me') return { status: 200, body: usersMe(options) };
    if (account !== options.accountId) {
      throw problem(404, 1012, 'Account not found.', {
        object: 'account',
        field: 'accountid',
        value: account,
      });
    }
    if (options.permission === 'none') {
      const detail = { errno: 1003, field: '', message: 'Permission denied.', object: 'task', value: '' };
      throw new Problem(200, [detail], 'ok');
    }
    if ((route === 'tasks.create' || route === 'tasks.update') && conflicts > 0) {
      conflicts -= 1;
      throw problem(409, CONFLICT_ERRNO, 'Another request is changing this object. Please try again.');
    }
    switch (route) {
      case 'tasks.list':
        return calls.list(request);
      case 'tasks.read':
        return calls.read(id);
      case 'tasks.create':
        return calls.create(request);
      case 'tasks.update':
        return calls.update(id, request);
      default:
        return { status: 404, body: { message: 'The requested resource was not found.' } };
    }
  }

  function authorise({ headers }: SandboxRequest, route: Route): void {
    const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
    const scopes = oauth.scopesOf(token);
    if (scopes === null) {
      const message = 'This action requires authentication to continue.';
      throw new Problem(401, [{ errno: 1003, field: '', message, object: '', value: '' }], 'auth');
    }
    const needed = neededScope[route];
    if (needed !== undefined && !scopes.includes(needed)) {
      throw problem(403, 1038, `insufficient_scope: requires ${needed}`, { object: '' });
    }
  }

  return {
    name: 'freshbooks',
    get options() {
      return options;
    },
    configure(changes) {
      const { listOrder } = options;
      options = { ...options, ...changes };
      if (options.listOrder !== listOrder) store.setOrder(options.listOrder);
    },
    seed(seed) {
      store.insert(seedRows(seed, nextId(store.table, options), world, options));
    },
    conflictNext(count) {
      conflicts = count;
    },
    routeOf: (request) => findRoute(request).route,
    handle(request) {
      const { route } = findRoute(request);
      if (route === 'oauth.token') return oauth.token(request);
      if (route === 'oauth.authorize') return oauth.authorize(request);
      const { exceeded, headers } = rateLimit.count(world.now(), options.rateLimit);
      const response = exceeded
        ? errorResponse(tooManyRequests(), options.rateLimitShape)
        : answerOrProblem(() => answer(request), options);
      return { ...response, headers: { ...headers, ...response.headers } };
    },
    snapshot: (): FreshBooksSnapshot => ({
      version: 1,
      tasks: packRows(store.table),
      oauth: oauth.snapshot(),
    }),
    restore(value) {
      const snapshot = parseSnapshot(value);
      store.clear();
      store.insert(unpackRows(snapshot.tasks));
      oauth.restore(snapshot.oauth);
    },
    consent: oauth.consent,
    grant: oauth.grant,
    revoke: oauth.revoke,
    ...createPeople(store, world, () => options),
  };
}

/** The real errno of a 409 is not known. */
const CONFLICT_ERRNO = 1000;

type Route =
  | 'tasks.list'
  | 'tasks.read'
  | 'tasks.create'
  | 'tasks.update'
  | 'users.me'
  | 'oauth.token'
  | 'oauth.authorize'
  | 'unknown';

const neededScope: Readonly<Partial<Record<Route, string>>> = {
  'tasks.list': 'user:billable_items:read',
  'tasks.read': 'user:billable_items:read',
  'tasks.create': 'user:billable_items:write',
  'tasks.update': 'user:billable_items:write',
  'users.me': 'user:profile:read',
};

const routes: readonly (readonly [method: string, path: RegExp, Route])[] = [
  ['GET', /^\/accounting\/account\/([^/]+)\/projects\/tasks\/?$/, 'tasks.list'],
  ['GET', /^\/accounting\/account\/([^/]+)\/projects\/tasks\/([^/]+)$/, 'tasks.read'],
  ['POST', /^\/accounting\/account\/([^/]+)\/projects\/tasks\/?$/, 'tasks.create'],
  ['PUT', /^\/accounting\/account\/([^/]+)\/projects\/tasks\/([^/]+)$/, 'tasks.update'],
  ['GET', /^\/auth\/api\/v1\/users\/me\/?$/, 'users.me'],
  ['POST', /^\/auth\/oauth\/token\/?$/, 'oauth.token'],
  ['GET', /^\/oauth\/authorize\/?$/, 'oauth.authorize'],
];

function findRoute({ method, path }: SandboxRequest) {
  for (const [wanted, pattern, route] of routes) {
    const match = method === wanted ? pattern.exec(path) : null;
    if (match) return { route, account: match[1] ?? '', id: match[2] ?? '' };
  }
  return { route: 'unknown' as const, account: '', id: '' };
}

function answerOrProblem(answer: () => SandboxResponse, options: FreshBooksOptions): SandboxResponse {
  try {
    return answer();
  } catch (error) {
    if (error instanceof Problem) return errorResponse(error, options.errorShape);
    throw error;
  }
}

function tooManyRequests(): Problem {
  return problem(429, 1000, 'Too many requests. Please try again later.', { object: '' });
}
