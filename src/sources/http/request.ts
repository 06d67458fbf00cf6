import type { JsonObject } from '../source.js';
import type { DoorRequest } from './door.js';

export interface HttpRequest {
  /** The stable name by which metrics know it: `tasks.list`. */
  readonly route: string;
  readonly method: DoorRequest['method'];
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: JsonObject;
  readonly form?: Readonly<Record<string, string>>;
  /** The `Authorization` header, asked for after any wait for the budget. Where it fails, the request is not tried again. */
  readonly authorize?: (signal: AbortSignal) => Promise<string>;
  /**
   * Reads are sent again whenever that may help. So is a write of which a repetition is known to do no harm; any other only
   * after a failure that shows that nothing was done.
   */
  readonly repeatable?: boolean;
  /** Nothing of it is sent after this aborts; what is under way then goes on. */
  readonly startBy?: AbortSignal;
  /** Less than the usual time for the whole request, in milliseconds. */
  readonly totalMs?: number;
}

/** The request as it goes on the wire; `name` is the source's, for messages. */
export function doorRequest(
  name: string,
  request: HttpRequest,
  authorization: string | undefined,
  totalMs: number,
): DoorRequest {
  const { method, path, json, form } = request;
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(request.query ?? {})) query.set(key, String(value));
  return {
    label: labelOf(name, request),
    totalMs: Math.min(request.totalMs ?? totalMs, totalMs),
    method,
    target: query.size > 0 ? `${path}?${query}` : path,
    headers: {
      accept: 'application/json',
      'user-agent': 'taskmirror',
      ...(authorization === undefined ? {} : { authorization }),
      ...(json ? { 'content-type': 'application/json' } : {}),
      ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...request.headers,
    },
    body: json ? JSON.stringify(json) : form ? new URLSearchParams(form).toString() : null,
  };
}

/** `invoiced GET /tasks/5`: without the query, which could hold people's data. */
export function labelOf(name: string, request: HttpRequest): string {
  return `${name} ${request.method} ${request.path}`;
}
