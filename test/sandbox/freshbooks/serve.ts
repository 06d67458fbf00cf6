import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  createFreshBooksApi,
  type FreshBooksApi,
  type FreshBooksOptions,
} from '../../../src/sandbox/freshbooks/index.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON where it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says with each expectation what it takes the body for
  readonly body: any;
}

export interface ServedFreshBooks {
  readonly api: FreshBooksApi;
  readonly url: string;
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

/** The API over real HTTP, on a clock that only the test moves; it begins at noon UTC on 22 June 2026. */
export async function serveFreshBooks(options: Partial<FreshBooksOptions> = {}): Promise<ServedFreshBooks> {
  let now = Date.parse('2026-06-22T12:00:00Z');
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  // Tests that set the clock months ahead would need a new token, which is not what they are about.
  const api = createFreshBooksApi({ now: () => now, random }, { accessTokenSeconds: 1e9, ...options });
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const { status, headers, body } = api.handle({
      method: request.method ?? 'GET',
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: request.headers,
      body: await text(request),
    });
    const type = typeof body === 'string' ? 'text/plain' : 'application/json';
    response.writeHead(status, body === undefined ? headers : { 'content-type': type, ...headers });
    response.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    api,
    url,
    setClock: (time) => {
      now = Date.parse(time);
    },
    advance: (seconds) => {
      now += seconds * 1000;
    },
    async call(method, path, body, headers = {}) {
      const full = path.startsWith('tasks')
        ? `/accounting/account/${api.options.accountId}/projects/${path}`
        : path;
      const response = await fetch(url + full, {
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
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
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
