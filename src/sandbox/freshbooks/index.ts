import type { SandboxApi, SandboxRequest, SandboxResponse, SandboxWorld } from '../api.js';
import { createOAuth, type OAuth } from './oauth.js';
import { type FreshBooksOptions, freshbooksDefaults } from './options.js';
import { createPeople, type FreshBooksPeople } from './people.js';
import { errorResponse, Problem, problem } from './problem.js';
import { createRateLimit } from './rate-limit.js';
import { findRoute, neededScope, type Route } from './routes.js';
import { type FreshBooksSnapshot, packRows, parseSnapshot, unpackRows } from './snapshot.js';
import { createTaskStore } from './task-store.js';
import { createTaskCalls } from './tasks.js';
import { usersMe } from './users-me.js';

export type { OAuth, TokenGrant } from './oauth.js';
export { type ErrorShape, type FreshBooksOptions, freshbooksDefaults, type ListOrder } from './options.js';
export type { FreshBooksPeople, TaskInput } from './people.js';
export type { FreshBooksSeed } from './seed.js';
export type { FreshBooksTask } from './task-json.js';

export interface FreshBooksApi extends SandboxApi {
  readonly name: 'freshbooks';
  /** In force at once when changed; tokens count at the beginning only. */
  readonly options: FreshBooksOptions;
  readonly people: FreshBooksPeople;
  /** The people of a further account, or of the first one. */
  peopleOf(accountId: string): FreshBooksPeople;
  readonly oauth: Pick<OAuth, 'consent' | 'grant' | 'refreshToken' | 'revoke'>;
}

/** One account: its tasks, and who works at them. */
function createAccount(world: SandboxWorld, options: FreshBooksOptions) {
  const store = createTaskStore();
  const { show, ...people } = createPeople(store, world, options);
  return { store, people, calls: createTaskCalls(store, world, options, show) };
}

/** The FreshBooks API as far as tasks need it, kept in memory. */
export function createFreshBooksApi(
  world: SandboxWorld,
  overrides: Partial<FreshBooksOptions> = {},
): FreshBooksApi {
  const options: FreshBooksOptions = { ...freshbooksDefaults, ...overrides };
  const first = createAccount(world, options);
  const further = new Map<string, typeof first>();
  const oauth = createOAuth(world, options);
  const rateLimit = createRateLimit();

  /** Undefined where the users have no such account. */
  function accountOf(id: string): typeof first | undefined {
    if (id === options.accountId) return first;
    if (!options.furtherAccounts.includes(id)) return undefined;
    const account = further.get(id) ?? createAccount(world, options);
    further.set(id, account);
    return account;
  }

  function answer(request: SandboxRequest): SandboxResponse {
    const { route, account, id } = findRoute(request);
    if (route === 'unknown')
      return { status: 404, body: { message: 'The requested resource was not found.' } };
    const { user } = authorise(request, route);
    if (route === 'users.me') return { status: 200, body: usersMe(options, user) };
    const calls = accountOf(account)?.calls;
    if (calls === undefined) {
      throw problem(404, 1012, 'Account not found.', {
        object: 'account',
        field: 'accountid',
        value: account,
      });
    }
    if (options.permission === 'none') throw problem(200, 1003, 'Permission denied.', {}, 'ok');
    if (options.permission === 'read' && request.method !== 'GET') {
      throw problem(403, 1003, 'Permission denied.', {});
    }
    switch (route) {
      case 'tasks.list':
        return calls.list(request);
      case 'tasks.read':
        return calls.read(id);
      case 'tasks.create':
        return calls.create(request);
      default:
        return calls.update(id, request);
    }
  }

  function authorise({ headers }: SandboxRequest, route: Route): { readonly user: number } {
    const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
    const bearer = oauth.bearerOf(token);
    if (bearer === null) {
      throw problem(401, 1003, 'This action requires authentication to continue.', {}, 'auth');
    }
    const needed = neededScope[route];
    if (needed !== undefined && !bearer.scopes.includes(needed)) {
      throw problem(403, 1038, `insufficient_scope: requires ${needed}`, { object: '' });
    }
    return bearer;
  }

  function limited(request: SandboxRequest): SandboxResponse {
    const { exceeded, headers } = rateLimit.count(world.now(), options.rateLimit);
    const response = exceeded
      ? errorResponse(onDemand(429), options.rateLimitShape)
      : answerOrProblem(() => answer(request), options);
    return { ...response, headers: { ...headers, ...response.headers } };
  }

  return {
    name: 'freshbooks',
    options,
    people: first.people,
    peopleOf(accountId) {
      const account = accountOf(accountId);
      if (account === undefined) throw new RangeError(`There is no account ${accountId}.`);
      return account.people;
    },
    oauth,
    routeOf: (request) => findRoute(request).route,
    handle(request) {
      const { route } = findRoute(request);
      if (route === 'oauth.token') return oauth.token(request);
      if (route === 'oauth.authorize') return oauth.authorize(request);
      return limited(request);
    },
    failure(status, request) {
      const isAuth = status === 401 || findRoute(request).route.startsWith('oauth.');
      const shape = status === 429 ? options.rateLimitShape : options.errorShape;
      return errorResponse(onDemand(status), isAuth ? 'auth' : shape).body ?? '';
    },
    snapshot: (): FreshBooksSnapshot => ({
      version: 2,
      tasks: packRows(first.store.table),
      further: Object.fromEntries([...further].map(([id, { store }]) => [id, packRows(store.table)])),
      oauth: oauth.snapshot(),
    }),
    restore(value) {
      const snapshot = parseSnapshot(value, options.userId);
      first.store.clear();
      first.store.insert(unpackRows(snapshot.tasks));
      further.clear();
      for (const [id, tasks] of Object.entries(snapshot.further)) {
        const account = createAccount(world, options);
        account.store.insert(unpackRows(tasks));
        further.set(id, account);
      }
      oauth.restore(snapshot.oauth);
    },
  };
}

function answerOrProblem(answer: () => SandboxResponse, options: FreshBooksOptions): SandboxResponse {
  try {
    return answer();
  } catch (error) {
    if (error instanceof Problem) return errorResponse(error, options.errorShape);
    throw error;
  }
}

/** An error that is no answer to what was asked. The errnos of 409, 429 and 5xx are not known: 1000 stands for them. */
function onDemand(status: number): Problem {
  const messages: Readonly<Record<number, string>> = {
    401: 'This action requires authentication to continue.',
    404: 'Task not found.',
    409: 'Another request is changing this object. Please try again.',
    429: 'Too many requests. Please try again later.',
  };
  const errnos: Readonly<Record<number, number>> = { 401: 1003, 403: 1038, 404: 1012, 422: 1004 };
  return problem(status, errnos[status] ?? 1000, messages[status] ?? `The request failed with ${status}.`);
}
