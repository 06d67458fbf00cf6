import { systemRuntime } from '../../../src/runtime.js';
import type { FreshBooksOptions } from '../../../src/sandbox/freshbooks/index.js';
import { type FreshBooksSandbox, type Sandbox, startSandbox } from '../../../src/sandbox/index.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON where it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says with each expectation what it takes the body for
  readonly body: any;
}

export interface ServedFreshBooks {
  readonly api: FreshBooksSandbox;
  readonly sandbox: Sandbox;
  /** Sets the clock, which stands still otherwise: a time in ISO 8601. */
  setClock(time: string): void;
  advance(seconds: number): void;
  /** A call with the first access token. A path that begins with `tasks` is one of the account's. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The sandbox on a clock that only the test moves; it begins at noon UTC on 22 June 2026. */
export async function serveFreshBooks(options: Partial<FreshBooksOptions> = {}): Promise<ServedFreshBooks> {
  const start = Date.parse('2026-06-22T12:00:00Z');
  const sandbox = await startSandbox({
    runtime: { ...systemRuntime, now: () => start },
    // Tests that set the clock months ahead would need a new token, which is not what they are about.
    freshbooks: { options: { accessTokenSeconds: 1e9, ...options } },
  });
  const { freshbooks: api, clock } = sandbox;

  return {
    api,
    sandbox,
    setClock: (time) => clock.set(Date.parse(time)),
    advance: (seconds) => clock.advance(seconds * 1000),
    async call(method, path, body, headers = {}) {
      const full = path.startsWith('tasks') ? `/accounting/account/${api.accountId}/projects/${path}` : path;
      const response = await fetch(api.url + full, {
        method,
        headers: {
          authorization: 'Bearer sandbox-access-token',
          'content-type': 'application/json',
          ...headers,
        },
        redirect: 'manual',
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const content = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json');
      return {
        status: response.status,
        headers: response.headers,
        body: isJson ? JSON.parse(content) : content,
      };
    },
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
}

/** The one task of an answer. */
export function taskOf({ body }: Answer) {
  return body.response.result.task;
}

/** The tasks' names of a list's answer. */
export function namesOf({ body }: Answer): string[] {
  return body.response.result.tasks.map((task: { name: string }) => task.name);
}

/** The errno, field and value of an answer's first error, in the accounting API's usual shape. */
export function errorOf({ status, body }: Answer) {
  const { errno, field, value } = body.response.errors[0];
  return { status, errno, field, value };
}
