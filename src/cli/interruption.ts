import type { Runtime } from '../runtime.js';

/** Why a verb was told to stop before its end. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly by: InterruptingSignal;

  constructor(by: InterruptingSignal) {
    super(`stopped by ${by}`);
    this.by = by;
  }
}

export type InterruptingSignal = keyof typeof EXIT_CODES;

/** As shells count them: 128 and the signal's number. */
export const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 } as const;

/** Of the process, what this listens to and ends. */
export interface Signalled {
  on(signal: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
  readonly stdout: Pick<NodeJS.EventEmitter, 'on'>;
  readonly stderr: Pick<NodeJS.EventEmitter, 'on'>;
}

/**
 * Turns the first signal into an abort, so that everything closes in order. A second Ctrl-C or SIGTERM ends the process at once:
 * somebody does not want to wait. One right after the first is the same one: a parent may pass on what its whole group got.
 */
export function listenForSignals(
  process: Signalled,
  runtime: Pick<Runtime, 'now'>,
): { signal: AbortSignal; close: () => void } {
  const controller = new AbortController();
  let first = Number.NaN;
  const onSignal = (name: NodeJS.Signals) => {
    if (runtime.now() - first > SAME_MS && (name === 'SIGINT' || name === 'SIGTERM'))
      process.exit(EXIT_CODES[name]);
    if (Number.isNaN(first)) first = runtime.now();
    controller.abort(new Interruption(name as InterruptingSignal));
  };
  const onOutputError = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    controller.abort(new Interruption('SIGPIPE'));
  };
  const names = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.on(name, onSignal);
  process.stdout.on('error', onOutputError);
  process.stderr.on('error', onOutputError);
  return {
    signal: controller.signal,
    close: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}

const SAME_MS = 500;
