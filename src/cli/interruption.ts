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

/**
 * Turns the first signal into an abort, so that everything closes in order. A second Ctrl-C ends the process at once:
 * somebody does not want to wait.
 */
export function listenForSignals(process: NodeJS.Process): { signal: AbortSignal; close: () => void } {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted && name === 'SIGINT') process.exit(EXIT_CODES.SIGINT);
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
