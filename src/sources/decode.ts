import {
  type Columns,
  type Decoded,
  type Field,
  FieldError,
  type Json,
  type JsonObject,
  type Scalar,
} from './source.js';

/** Far deeper than any task, and shallow enough for PostgreSQL's and our own stack. */
const MAX_DEPTH = 100;

/**
 * Reads one element of an answer as a task, tolerant of keys that are unknown or missing, strict about the fields it uses.
 * Never throws: an element that can't be a task is told with its id, so that the rest of its page goes on.
 */
export function decode(fields: readonly Field[], element: Json, idKeys: readonly string[] = ['id']): Decoded {
  if (!isObject(element)) return { ok: false, id: null, reason: 'expected a task, got no JSON object' };
  const given = firstOf(element, idKeys);
  if (typeof given !== 'number' || !Number.isSafeInteger(given) || given <= 0) {
    return {
      ok: false,
      id: printable(given),
      reason: `${idKeys[0]}: expected a positive whole number below 2^53`,
    };
  }
  const fault = unholdable(element, 0);
  if (fault !== null) return { ok: false, id: String(given), reason: fault };
  try {
    return { ok: true, task: { id: given, columns: columnsIn(fields, element), raw: element } };
  } catch (error) {
    if (error instanceof FieldError) return { ok: false, id: String(given), reason: error.message };
    throw error;
  }
}

function firstOf(task: JsonObject, keys: readonly string[]): Json | undefined {
  for (const key of keys) if (task[key] !== undefined) return task[key];
  return undefined;
}

export function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function columnsIn(fields: readonly Field[], task: JsonObject): Columns {
  const columns: Record<string, Scalar> = {};
  for (const field of fields) {
    if (field.scalar) {
      const value = field.scalar(task);
      if (value !== undefined) columns[field.name] = value;
      continue;
    }
    const decoded = field.decode(task);
    if (decoded !== undefined) for (const { name } of field.columns) columns[name] = decoded[name] ?? null;
  }
  return columns;
}

/** Why PostgreSQL could not hold this JSON, or null. */
function unholdable(json: Json, depth: number): string | null {
  if (depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`;
  if (typeof json === 'string') {
    // Neither in a value nor in a key.
    return json.includes('\0') || !json.isWellFormed()
      ? 'a text holds a NUL or half a surrogate pair, which PostgreSQL cannot store'
      : null;
  }
  // JSON.parse reads 1e999 as Infinity, which would be written back as null.
  if (typeof json === 'number') return Number.isFinite(json) ? null : 'a number is too large';
  if (typeof json !== 'object' || json === null) return null;
  for (const key of Object.keys(json)) {
    const fault = unholdable(key, depth) ?? unholdable((json as JsonObject)[key] ?? null, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

/** An id as it came, for a person to find the row by; cut, and free of what a log or a table can't hold. */
function printable(id: Json | undefined): string | null {
  if (typeof id !== 'number' && typeof id !== 'string') return null;
  return String(id)
    .slice(0, 40)
    .replace(/[\p{Cc}\p{Surrogate}]/gu, '?');
}
