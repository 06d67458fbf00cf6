import type { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import type { Runtime } from '../runtime.js';

export type Reporter = (error: unknown) => void;

/**
 * Says that the queue is lost, at most every five seconds: a lost server makes every connection complain at every
 * attempt to reconnect.
 */
export function createReporter(log: Logger, runtime: Runtime): Reporter {
  let quietUntil = 0;
  return (error) => {
    if (runtime.now() < quietUntil) return;
    quietUntil = runtime.now() + QUIET_MS;
    // Not the error itself: one of ioredis holds the command that failed, with the password if it was AUTH.
    log.warn(`The queue has trouble, and goes on as soon as it can: ${messageOf(error)}`);
  };
}

/** An `error` event without a listener ends the process. */
export function onError<T>(emitter: T & Pick<EventEmitter, 'on'>, report: Reporter): T {
  emitter.on('error', report);
  return emitter;
}

/** Whether the server could not be reached or went away; both drivers say it in many ways. */
export function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    LOST_CODES.test(code) || LOST_MESSAGES.test(error.message) || error.name === 'MaxRetriesPerRequestError'
  );
}

/**
 * What may be written into a job, which anyone who reads the queue can see. Drizzle's errors hold the parameters of their
 * statement in their message.
 */
export function reasonOf(error: unknown): string {
  return error instanceof Error && 'params' in error ? messageOf(error.cause) : messageOf(error);
}

/** Connection errors of Node hold their causes in `errors` and say nothing themselves. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

export const QUIET_MS = 5_000;

// Node's system errors; PostgreSQL's classes for connections and for a server that stops, starts or is full.
const LOST_CODES = /^(?!ERR_)(E[A-Z_]{3,}|08...|57P0.|53300)$/;
const LOST_MESSAGES =
  /Connection is closed|Connection terminated|isn't writeable|Command timed out|Query read timeout|trying to connect|LOADING/;
