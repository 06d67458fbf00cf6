import { isObject } from '../decode.js';
import type { ApiErrorKind } from '../http/errors.js';
import type { ApiWords, ErrorReader } from '../http/verdict.js';
import type { Json, JsonObject } from '../source.js';

/** "This task is deleted". */
export const DELETED = '1011';

/** What FreshBooks' numbers mean where the status does not say it: it also reports errors with 200. */
const KINDS: ReadonlyMap<string, ApiErrorKind> = new Map([
  ['1001', 'invalid'],
  ['1003', 'forbidden'],
  ['1004', 'invalid'],
  [DELETED, 'not-found'],
  ['1012', 'not-found'],
  ['1013', 'invalid'],
  ['1014', 'invalid'],
  ['1015', 'invalid'],
  ['1016', 'invalid'],
  ['1017', 'invalid'],
  ['1033', 'invalid'],
  ['1038', 'forbidden'],
]);

/**
 * The three shapes of FreshBooks' own errors: `response.errors` (a list or one object, with 200 too), the newer
 * `code, message, details`, and `error, error_description` of its authentication.
 */
export const readError: ErrorReader = (json, status) => {
  if (!isObject(json)) return null;
  const errors = isObject(json['response']) ? listOf(json['response']['errors']) : [];
  const details = status >= 400 ? listOf(json['details']) : [];
  if (errors.length > 0)
    return wordsOf(errors.map((each) => [each['errno'], each['message'], each['field']]));
  if (details.length > 0) {
    return wordsOf(
      details.map(({ reason, metadata }) => [reason, inside(metadata, 'message'), inside(metadata, 'field')]),
    );
  }
  if (status < 400) return null;
  const { error, error_description: description, message, code } = json;
  if (typeof error === 'string') return wordsOf([[error, description ?? error, undefined]]);
  return typeof message === 'string' ? wordsOf([[code, message, undefined]]) : null;
};

type Said = readonly [code: Json | undefined, message: Json | undefined, field: Json | undefined];

function wordsOf(all: readonly Said[]): ApiWords {
  const words = all.map(([, message, field]) => {
    const text = typeof message === 'string' ? message : '';
    return typeof field === 'string' && field !== '' ? `${field}: ${text}` : text;
  });
  const first = all[0]?.[0];
  const code = typeof first === 'string' || typeof first === 'number' ? String(first) : null;
  return { code, words: words.filter((each) => each !== '').join('; '), kind: KINDS.get(code ?? '') ?? null };
}

function listOf(json: Json | undefined): readonly JsonObject[] {
  return (Array.isArray(json) ? json : [json]).filter(isObject);
}

function inside(json: Json | undefined, key: string): Json | undefined {
  return isObject(json) ? json[key] : undefined;
}
