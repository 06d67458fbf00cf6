import { ApiError, type ApiErrorKind } from '../http/errors.js';

/** What would otherwise look as if the API had refused the task. */
const REFUSALS: ReadonlySet<ApiErrorKind> = new Set<ApiErrorKind>([
  'invalid',
  'not-found',
  'forbidden',
  'payment',
]);

/** Why no token could be had, told of the request that needed it: nothing of it was sent, and a refusal is of the credentials. */
export function withoutToken(error: unknown): never {
  if (!(error instanceof ApiError)) throw error;
  const kind = REFUSALS.has(error.kind) ? 'unauthorized' : error.kind;
  throw new ApiError({ ...error, kind, definite: true }, { cause: error });
}
