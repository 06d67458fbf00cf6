import type { SourceDeps } from '../account.js';
import type { Json, JsonObject, Observation } from '../source.js';
import { unlessAborted } from './abort.js';
import { type InFlight, openBudget } from './budget.js';
import { type DoorAnswer, type DoorRequest, openDoor } from './door.js';
import { ApiError } from './errors.js';
import { serverTimeOf } from './headers.js';
import { type HttpLimits, usualLimits } from './limits.js';
import { withRetries } from './retry.js';
import { type ErrorReader, judge } from './verdict.js';

export interface HttpRequest {
  /** The stable name by which metrics know it: `tasks.list`. */
  readonly route: string;
  readonly method: DoorRequest['method'];
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: JsonObject;
  readonly form?: Readonly<Record<string, string>>;
  /** The `Authorization` header, asked for after any wait for the budget. */
  readonly authorize?: (signal: AbortSignal) => Promise<string>;
  /** Reads are sent again when that may help. A write is so only where a repetition is known to do no harm. */
  readonly repeatable?: boolean;
}

export interface HttpAnswer extends Observation {
  readonly status: number;
  readonly json: Json;
  /** The `Date` header, in milliseconds since 1970. */
  readonly serverTime: number | null;
  header(name: string): string | null;
}

/** An answer, or the API's own refusal: both were observed. */
export type HttpOutcome = HttpAnswer & { readonly refusal: ApiError | null };

/** One account's HTTP: budget, observation, retries and errors are the same for every request. */
export interface Http {
  /** Throws ApiError for all but a success. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** As `send`, but the API's own definite refusal is an outcome. */
  ask(request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome>;
  /** Outside of the budget and without an observation: for tokens, which other requests wait for. */
  aside(request: HttpRequest, signal: AbortSignal): Promise<Omit<HttpAnswer, keyof Observation>>;
  close(): Promise<void>;
}

export interface HttpOptions {
  /** The source's name, for messages. */
  readonly name: string;
  readonly baseUrl: string;
  readonly inFlight: InFlight;
  readonly readError: ErrorReader;
}

export function openHttp(options: HttpOptions, deps: SourceDeps): Http {
  const { runtime, observe, share } = deps;
  const limits: HttpLimits = { ...usualLimits, ...deps.limits };
  const budget = openBudget(share, options.inFlight, runtime);
  // One more than the budget allows, for tokens.
  const door = openDoor(options.baseUrl, options.inFlight[share] + 1, limits);

  async function attempt(request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome> {
    const queuedAt = runtime.now();
    const leave = await budget.enter(signal);
    try {
      const waitedMs = runtime.now() - queuedAt;
      const authorization = await request.authorize?.(signal);
      const requestedAt = await unlessAborted(observe(), signal);
      const answer = await exchange(request, authorization, waitedMs, signal);
      budget.note(answer.header);
      const answeredAt = await unlessAborted(observe(), signal);
      return { ...outcomeOf(request, answer), requestedAt, answeredAt };
    } finally {
      leave();
    }
  }

  async function exchange(
    request: HttpRequest,
    authorization: string | undefined,
    waitedMs: number,
    signal: AbortSignal,
  ): Promise<DoorAnswer> {
    const { route, method } = request;
    const startedAt = runtime.now();
    const told = (status: number | null): void =>
      deps.onRequest?.({ route, method, status, ms: runtime.now() - startedAt, waitedMs });
    try {
      const answer = await door.send(doorRequest(options.name, request, authorization), signal);
      told(answer.status);
      return answer;
    } catch (error) {
      told(error instanceof ApiError ? error.status : null);
      throw error;
    }
  }

  function outcomeOf(request: HttpRequest, answer: DoorAnswer): Omit<HttpOutcome, keyof Observation> {
    const verdict = judge(labelOf(options.name, request), answer, options.readError, runtime.now());
    const { status, header } = answer;
    const shared = { status, header, serverTime: serverTimeOf(header) };
    if ('json' in verdict) return { ...shared, json: verdict.json, refusal: null };
    // A refusal that may heal is thrown, so that it is tried again.
    const settled = verdict.error.definite && !HEALS.has(verdict.error.kind);
    if (settled) return { ...shared, json: null, refusal: verdict.error };
    throw verdict.error;
  }

  async function ask(request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome> {
    const once = () => attempt(request, signal);
    const repeatable = request.repeatable ?? request.method === 'GET';
    return repeatable ? withRetries(once, limits, runtime, signal, deps.log) : once();
  }

  return {
    ask,
    send: async (request, signal) => accepted(await ask(request, signal)),
    aside: async (request, signal) =>
      accepted(outcomeOf(request, await exchange(request, undefined, 0, signal))),
    close: () => door.close(),
  };
}

const HEALS: ReadonlySet<string> = new Set<ApiError['kind']>(['rate-limited', 'conflict']);

function accepted<T extends { readonly refusal: ApiError | null }>(outcome: T): T {
  if (outcome.refusal) throw outcome.refusal;
  return outcome;
}

function labelOf(name: string, request: HttpRequest): string {
  return `${name} ${request.method} ${request.path}`;
}

function doorRequest(name: string, request: HttpRequest, authorization: string | undefined): DoorRequest {
  const { method, path, json, form } = request;
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(request.query ?? {})) query.set(key, String(value));
  return {
    label: labelOf(name, request),
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
