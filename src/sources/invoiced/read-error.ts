import { isObject } from '../decode.js';
import type { ErrorReader } from '../http/verdict.js';

/** `{"type", "message", "param"?}`; malformed JSON is answered without a type. Successes are never errors here. */
export const readError: ErrorReader = (json, status) => {
  if (status < 400 || !isObject(json)) return null;
  const { type, message } = json;
  if (typeof message !== 'string') return null;
  return { code: typeof type === 'string' ? type : null, words: message };
};
