import type { Json } from '../source.js';
import type { DoorAnswer } from './door.js';
import { ApiError, type ApiErrorKind, kindOfStatus } from './errors.js';
import { retryAfterOf } from './headers.js';

/** What an API says in a body that reports an error. */
export interface ApiWords {
  readonly code: string | null;
  readonly words: string;
  /** What the code means where the status says success; null when nobody knows. */
  readonly kind?: ApiErrorKind | null;
}

/** Reads an API's own error bodies; null for any other body. Also asked about successes. */
export type ErrorReader = (json: Json, status: number) => ApiWords | null;

export type Verdict = { readonly json: Json } | { readonly error: ApiError };

/** Decides by the status first, then by the body. An empty body counts as null. */
export function judge(label: string, answer: DoorAnswer, readError: ErrorReader, now: number): Verdict {
  const { status } = answer;
  const json = parse(answer.text);
  const own = json === undefined ? null : readError(json, status);
  const shared = { request: label, status, retryAfterMs: retryAfterOf(status, answer.header, now) };

  if (status >= 200 && status < 300) {
    if (json === undefined)
      return fail({ ...shared, kind: 'unreadable', detail: 'the answer is cut or not JSON' });
    if (own === null) return { json };
    // An error that nobody knows may as well be a fault of theirs.
    const kind = own.kind ?? null;
    return fail({ ...shared, ...own, kind: kind ?? 'server', definite: kind !== null });
  }
  const kind = kindOfStatus(status);
  if (own !== null)
    return fail({ ...shared, ...own, kind, definite: status >= 400 && status < 500 && kind !== 'timeout' });
  if (TOO_LARGE.has(status))
    return fail({ ...shared, kind: 'invalid', definite: true, detail: 'it is larger than is let through' });
  return fail({
    ...shared,
    kind: FOREIGN.has(kind) ? kind : 'unreadable',
    definite: UNSERVED.has(status),
    detail: 'not in the words of the API',
  });
}

/** What a proxy's status may mean too. A proxy's 404 says nothing of a task. */
const FOREIGN: ReadonlySet<ApiErrorKind> = new Set<ApiErrorKind>([
  'server',
  'timeout',
  'unauthorized',
  'payment',
  'forbidden',
  'rate-limited',
]);

/** Whoever turned the request away, nobody served it. */
const UNSERVED: ReadonlySet<number> = new Set([401, 429]);

/** A request's body, address or headers: whoever says so has not served it, and the same request never fits. */
const TOO_LARGE: ReadonlySet<number> = new Set([413, 414, 431]);

function fail(details: ConstructorParameters<typeof ApiError>[0]): Verdict {
  return { error: new ApiError(details) };
}

/** Undefined for what is no JSON. The parser's own message quotes the body, so it is not kept. */
function parse(text: string): Json | undefined {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
