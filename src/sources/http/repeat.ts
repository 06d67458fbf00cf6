import type { ApiError } from './errors.js';
import type { HttpRequest } from './request.js';

/** Whether it does no harm to send the request any number of times. */
export function isHarmless(request: HttpRequest): boolean {
  return request.repeatable ?? request.method === 'GET';
}

/** Whether a request may be sent again after this failure: one that may have changed something only where nothing was done. */
export function mayRepeat(request: HttpRequest, error: ApiError): boolean {
  if (isHarmless(request)) return true;
  // An idempotency key is kept with its first answer, refusals included: it would bring the same one again.
  const isSpent = error.status !== null && request.headers?.['idempotency-key'] !== undefined;
  return error.definite && !isSpent;
}
