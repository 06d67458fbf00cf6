import { type Logger, pino } from 'pino';
import type { LogLevel } from './config/config.js';
import { TaskmirrorError } from './errors.js';
import { terminalLines } from './log-terminal.js';
import { plainJson } from './printable.js';
import { scrub } from './scrub.js';

export interface LogOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Lines of JSON for programs, readable lines on a terminal. The daemon logs to standard output; every other verb to
 * standard error, since its standard output is its result.
 */
export function createLog(level: LogLevel, output: LogOutput): Logger {
  return pino(
    {
      level,
      base: { service: 'taskmirror' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (entry) => withoutSecrets(entry) },
      serializers: { err: describeError },
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: '[hidden]' },
      hooks: {
        logMethod(args, method) {
          method.apply(this, withPlainMessage(args) as typeof args);
        },
      },
    },
    output.isTTY ? terminalLines(output) : { write: (line) => void output.write(plainJson(line)) },
  );
}

const SECRET_KEYS = [
  'apiKey',
  'accessToken',
  'refreshToken',
  'clientSecret',
  'token',
  'password',
  'authorization',
  'credentials',
];

/** Texts in an entry come from drivers and APIs as messages do, and a secret may lie deep in what it holds. */
function withoutSecrets(entry: Record<string, unknown>, depth = 0): Record<string, unknown> {
  const shown = (value: unknown): unknown => {
    if (typeof value === 'string') return scrub(value);
    if (value instanceof Uint8Array) return `${value.length} bytes`;
    if (Array.isArray(value)) return value.map(shown);
    return isPlain(value) && depth < DEEPEST ? withoutSecrets(value, depth + 1) : value;
  };
  const members = Object.entries(entry).map(([key, value]) => {
    const hidden = SECRET_KEYS.includes(key) && value !== null && value !== undefined;
    return [key, hidden ? '[hidden]' : shown(value)];
  });
  return Object.fromEntries(members);
}

const DEEPEST = 8;

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Pino would take an error's own message, as it is, where none is given. */
function withPlainMessage([first, ...rest]: readonly unknown[]): readonly unknown[] {
  const entry = first instanceof Error ? { err: first } : first;
  const err = entry !== null && typeof entry === 'object' && 'err' in entry ? entry.err : undefined;
  const words = rest.length === 0 && err instanceof Error ? [messageOf(err)] : rest;
  return [entry, ...words].map((arg) => (typeof arg === 'string' ? scrub(arg) : arg));
}

/** What may be shown of an error: never the query, its parameters, the request's body, or PostgreSQL's `detail` (it holds the row). */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return scrub(String(error));
  const known = error instanceof TaskmirrorError;
  return {
    type: error.name === 'Error' ? error.constructor.name : error.name,
    message: messageOf(error),
    ...pick(error, [
      'code',
      'status',
      'errno',
      'syscall',
      'severity',
      'schema_name',
      'table_name',
      'constraint_name',
    ]),
    ...(known || !error.stack ? {} : { stack: scrub(error.stack) }),
    ...(error.cause && depth < 4 ? { cause: describeError(error.cause, depth + 1) } : {}),
  };
}

/** The error in words, without secrets. Node leaves the message of a refused connection empty. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return scrub(String(error));
  const code = 'code' in error ? String(error.code) : '';
  return scrub(error.message || code || error.name);
}

function pick(error: Error, keys: readonly string[]): Record<string, unknown> {
  const values = Object.entries(error).filter(([key, value]) => keys.includes(key) && value !== undefined);
  return Object.fromEntries(values);
}
