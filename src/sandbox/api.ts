import type { IncomingHttpHeaders } from 'node:http';

/** A request as a simulated API sees it: read whole, before any fault is applied. */
export interface SandboxRequest {
  readonly method: string;
  /** Without the query, percent-decoded where the API would. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface SandboxResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object or array is sent as JSON, a string as it is, undefined as no body. */
  readonly body?: unknown;
}

/** One simulated API: answers synchronously, so that a request's work is done whole or not at all. */
export interface SandboxApi {
  readonly name: 'invoiced' | 'freshbooks';
  /** The stable name by which faults and the request log know a request: `tasks.list`, `tasks.update`, `oauth.token`, …, `unknown`. */
  routeOf(request: SandboxRequest): string;
  handle(request: SandboxRequest): SandboxResponse;
  /** Asked on arrival, before any delay, with how many requests are in flight (this one included): an answer turns it away. */
  admit?(request: SandboxRequest, inFlight: number): SandboxResponse | undefined;
  /** The API's own body for an error that a fault asks for. Without it the kernel writes the documented shape. */
  failure?(status: number, request: SandboxRequest): unknown;
  /** Told of an error that a fault answered in the API's name before any work was done. */
  failed?(request: SandboxRequest, response: SandboxResponse): void;
  /** Everything needed to go on later, as JSON; `restore` takes it back. */
  snapshot(): unknown;
  restore(snapshot: unknown): void;
}

/** What a simulated API is given. The clock can be set and moved by tests; the random source is seeded. */
export interface SandboxWorld {
  /** Milliseconds since 1970. */
  now(): number;
  /** Uniform in [0, 1), seeded. */
  random(): number;
}
