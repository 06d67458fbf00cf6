import type { SourceDeps } from '../account.js';
import type { Json, ObservedAt } from '../source.js';
import { linkedTo, unlessAborted } from './abort.js';
import { type InFlight, openBudget } from './budget.js';
import { isListing, openClock } from './clock.js';
import { concealing } from './conceal.js';
import { type DoorAnswer, openDoor } from './door.js';
import { ApiError } from './errors.js';
import { serverTimeOf } from './headers.js';
import { type HttpLimits, usualLimits } from './limits.js';
import { isHarmless, mayRepeat } from './repeat.js';
import { doorRequest, type HttpRequest, labelOf } from './request.js';
import { type Tried, withRetries } from './retry.js';
import { seenThrough } from './see-through.js';
import { type ErrorReader, judge } from './verdict.js';

export interface HttpAnswer {
  readonly status: number;
  readonly json: Json;
  readonly requestedAt: ObservedAt;
  /** When the answer had arrived. Of a page of a listing it is asked for when this is called: see `openClock`. */
  arrival(): Promise<ObservedAt>;
  /** The `Date` header, in milliseconds since 1970. */
  readonly serverTime: number | null;
  header(name: string): string | null;
}

/** An answer, or a refusal that no repetition changes: both were observed. */
export type HttpOutcome = HttpAnswer & { readonly refusal: ApiError | null };

/** One account's HTTP: budget, observation, retries and errors are the same for every request. */
export interface Http {
  /**
   * Throws ApiError for all but a success, or the signal's reason when it aborts. A write under way then has a while to end,
   * so that its outcome is known: the reason, and any error but an ApiError, means that nothing was done.
   */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** As `send`, but the API's own refusal, and any 401, is an outcome. */
  ask(request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome>;
  /**
   * Once, outside of the budget and without an observation: for tokens, which other requests wait for. Nobody can abort it,
   * since its answer must not be lost.
   */
  aside(request: HttpRequest): Promise<Omit<HttpAnswer, keyof Observed>>;
  close(): Promise<void>;
}

export interface HttpOptions {
  /** The source's name, for messages. */
  readonly name: string;
  readonly baseUrl: string;
  readonly inFlight: InFlight;
  readonly readError: ErrorReader;
}

type Observed = Pick<HttpAnswer, 'requestedAt' | 'arrival'>;
type Unobserved = Omit<HttpOutcome, keyof Observed>;

/** As far as a request may seem to lie back for waiting: what was written to a row meanwhile makes its answer late, and it is looked at once more. */
const AHEAD_MS = 250;

export function openHttp(options: HttpOptions, deps: SourceDeps): Http {
  const { runtime, share } = deps;
  const clock = openClock(deps);
  const limits: HttpLimits = { ...usualLimits, ...deps.limits };
  const budget = openBudget(share, options.inFlight, runtime);
  // One more than the budget allows, for tokens.
  const door = openDoor(options.baseUrl, options.inFlight[share] + 1, limits, deps.intercept);

  async function ask(request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome> {
    const waiting = linkedTo(signal, ...(request.startBy ? [request.startBy] : []));
    const bounds = isHarmless(request) ? limits : { ...limits, retryWithinMs: limits.startWithinMs };
    try {
      const tried = await withRetries(
        () => attempt(request, waiting.signal, signal),
        (failed) => mayRepeat(request, failed),
        bounds,
        runtime,
        waiting.signal,
        deps.log,
      );
      return resultOf(tried);
    } finally {
      waiting.unlink();
    }
  }

  async function attempt(
    request: HttpRequest,
    waiting: AbortSignal,
    signal: AbortSignal,
  ): Promise<Tried<HttpOutcome>> {
    const queuedAt = runtime.now();
    // While it waits for its turn, so that no time of that is spent on it.
    const before = clock.before(request);
    before.catch(() => {});
    const leave = await budget.enter(waiting);
    try {
      const waitedMs = runtime.now() - queuedAt;
      const authorization = await request.authorize?.(waiting);
      const isFresh = runtime.now() - queuedAt < AHEAD_MS;
      const requestedAt = await unlessAborted(isFresh ? before : clock.before(request), waiting);
      const observed = async (cut: AbortSignal): Promise<Tried<HttpOutcome>> => {
        // Others need not wait for the clock.
        const tried = await exchange(request, authorization, waitedMs, cut).finally(leave);
        if ('failed' in tried) return tried;
        if (isListing(request)) return { done: { ...tried.done, requestedAt, arrival: clock.arrival() } };
        const answeredAt = await unlessAborted(clock.read(), cut);
        return { done: { ...tried.done, requestedAt, arrival: async () => answeredAt } };
      };
      if (isHarmless(request)) return await observed(signal);
      return await seenThrough(observed, labelOf(options.name, request), limits.graceMs, signal);
    } finally {
      leave();
    }
  }

  async function exchange(
    request: HttpRequest,
    authorization: string | undefined,
    waitedMs: number,
    signal: AbortSignal,
  ): Promise<Tried<Unobserved>> {
    const { route, method } = request;
    const startedAt = runtime.now();
    const told = (status: number | null): void =>
      deps.onRequest?.({ route, method, status, ms: runtime.now() - startedAt, waitedMs });
    try {
      const sent = doorRequest(options.name, request, authorization, limits.totalMs);
      const answer = await door.send(sent, signal);
      told(answer.status);
      budget.note(answer.header);
      return outcomeOf(request, authorization, answer);
    } catch (error) {
      told(error instanceof ApiError ? error.status : null);
      if (error instanceof ApiError) return { failed: error };
      throw error;
    }
  }

  function outcomeOf(
    request: HttpRequest,
    authorization: string | undefined,
    answer: DoorAnswer,
  ): Tried<Unobserved> {
    const readError = concealing(options.readError, request, authorization);
    const verdict = judge(labelOf(options.name, request), answer, readError, runtime.now());
    const { status, header } = answer;
    const shared = { status, header, serverTime: serverTimeOf(header) };
    if ('json' in verdict) return { done: { ...shared, json: verdict.json, refusal: null } };
    const { error } = verdict;
    const settled = error.kind === 'unauthorized' || (error.definite && !HEALS.has(error.kind));
    return settled ? { done: { ...shared, json: null, refusal: error } } : { failed: error };
  }

  return {
    ask,
    send: async (request, signal) => accepted(await ask(request, signal)),
    aside: async (request) =>
      accepted(resultOf(await exchange(request, undefined, 0, new AbortController().signal))),
    close: () => door.close(),
  };
}

/** Refusals that time may change. */
const HEALS: ReadonlySet<ApiError['kind']> = new Set<ApiError['kind']>(['rate-limited', 'conflict']);

function resultOf<T>(tried: Tried<T>): T {
  if ('failed' in tried) throw tried.failed;
  return tried.done;
}

function accepted<T extends { readonly refusal: ApiError | null }>(outcome: T): T {
  if (outcome.refusal) throw outcome.refusal;
  return outcome;
}
