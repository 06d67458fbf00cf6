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
    log.warn({ err: error }, `The queue has trouble, and goes on as soon as it can: ${messageOf(error)}`);
  };
}

/** An `error` event without a listener ends the process. */
export function onError<T>(emitter: T & Pick<EventEmitter, 'on'>, report: Reporter): T {
  emitter.on('error', report);
  return emitter;
}

/** Connection errors of Node hold their causes in `errors` and say nothing themselves. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

export const QUIET_MS = 5_000;
