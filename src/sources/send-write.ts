import { inRealTime } from './http/abort.js';
import { ApiError } from './http/errors.js';
import type { HttpOutcome } from './http/http.js';
import { usualLimits } from './http/limits.js';
import type { HttpRequest } from './http/request.js';
import type { Decoded, Json, JsonObject } from './source.js';
import type { WriteCall, Written } from './writer.js';

const ROUTES = { POST: 'tasks.create', PUT: 'tasks.update', PATCH: 'tasks.update', DELETE: 'tasks.delete' };

interface InTime {
  readonly startWithinMs: number | undefined;
  /** How much of it has passed. */
  readonly savingMs: number;
}

type Ask = (request: HttpRequest, signal: AbortSignal) => Promise<HttpOutcome>;

/**
 * Sends a call, begun in time or not at all: whoever finds its saved intent must be able to tell when nothing of it can be
 * under way any more. The time runs from when it began to be saved: a process may stand still, or a commit take long.
 */
export async function sendWrite(
  ask: Ask,
  call: WriteCall,
  json: JsonObject | null,
  { startWithinMs = usualLimits.startWithinMs, savingMs }: InTime,
  signal: AbortSignal,
): Promise<HttpOutcome> {
  const { method, path, idempotencyKey } = call;
  const tooLate = new ApiError({
    kind: 'rate-limited',
    request: `${method} ${path}`,
    detail: 'it had no turn in time',
    definite: true,
  });
  const leftMs = startWithinMs - savingMs;
  if (leftMs <= 0) throw tooLate;
  const start = new AbortController();
  const forget = inRealTime(leftMs, () => start.abort(tooLate));
  const request: HttpRequest = {
    route: ROUTES[method],
    method,
    path,
    startBy: start.signal,
    ...(json === null ? {} : { json }),
    ...(idempotencyKey === null ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
  };
  try {
    return await ask(request, signal);
  } finally {
    forget();
  }
}

/** The task as the API shows it after the write. Throws its refusal, and ApiError where a success shows no such task. */
export async function writtenTask(
  call: WriteCall,
  outcome: HttpOutcome,
  taskOf: (json: Json) => Decoded | null,
): Promise<Written> {
  const { requestedAt, serverTime, refusal, status } = outcome;
  if (refusal) throw refusal;
  const answeredAt = await outcome.arrival();
  const answer = taskOf(outcome.json);
  const id = answer?.ok ? String(answer.task.id) : (answer?.id ?? null);
  if (answer && id !== null && (call.method === 'POST' || id === idIn(call))) {
    return { requestedAt, answeredAt, serverTime, answer, status };
  }
  throw notWhatWasAsked(call, status, 'the answer is not the task written');
}

/** A success that can't be one; whether anything was done is unknown. */
export function notWhatWasAsked({ method, path }: WriteCall, status: number, detail: string): ApiError {
  return new ApiError({ kind: 'unreadable', request: `${method} ${path}`, status, detail });
}

/** The id of the task that a call changes. */
export function idIn({ path }: WriteCall): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
