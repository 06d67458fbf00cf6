import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.js';
import type { InvoicedOptions } from '../../src/sandbox/invoiced/options.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON where it is JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says with each expectation what it takes the body for
  readonly body: any;
}

export interface Served extends Sandbox {
  /** A call to Invoiced with the right key. A body is sent as JSON, a text as it is. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** A call to FreshBooks' tasks with a valid access token. */
  callFreshBooks(method: string, path: string, body?: unknown): Promise<Answer>;
  /** A call to the control surface. */
  control(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Unix seconds by the sandbox's clock. */
  now(): number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The sandbox on a clock that only the test moves; it begins at noon UTC on 22 June 2026. */
export async function serveInvoiced(options: Partial<InvoicedOptions> = {}): Promise<Served> {
  return await serve({ invoiced: { options } });
}

export async function serve(options: SandboxOptions = {}): Promise<Served> {
  const sandbox = await startSandbox({ startAt: Date.parse('2026-06-22T12:00:00Z'), ...options });
  if (options.snapshotFile === undefined) sandbox.clock.freeze();
  const { invoiced, freshbooks, controlUrl } = sandbox;
  return {
    ...sandbox,
    call: (method, path, body, headers = {}) =>
      call(invoiced.url + path, method, body, { authorization: basic(invoiced.apiKey), ...headers }),
    callFreshBooks: (method, path, body) => {
      const token = freshbooks.oauth.grant().access_token;
      const url = `${freshbooks.url}/accounting/account/${freshbooks.accountId}/projects/${path}`;
      return call(url, method, body, { authorization: `Bearer ${token}` });
    },
    control: (method, path, body) => call(controlUrl + path, method, body, {}),
    now: () => Math.floor(sandbox.clock.now() / 1000),
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
}

export function basic(key: string): string {
  return `Basic ${Buffer.from(`${key}:`).toString('base64')}`;
}

export async function call(
  url: string,
  method: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, {
    method,
    headers: { ...type, ...headers },
    redirect: 'manual',
    ...sent,
  });
  const content = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') && content !== '';
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(content) : content,
  };
}

/** What a create needs, and no more. */
export const sparse = { name: 'Call customer', action: 'phone', due_date: 1_571_288_400 };

export function idsOf({ body }: Answer): number[] {
  return body.map((row: { id: number }) => row.id);
}
