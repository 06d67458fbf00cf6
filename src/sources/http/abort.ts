import { setMaxListeners } from 'node:events';

/** Calls `act` when `signal` aborts; at once if it has. Gives what takes that back. */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) {
    act();
    return () => {};
  }
  // A worker's one signal is listened to by every request under way: no leak, so Node need not warn of one.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}

/** Calls `act` after so many milliseconds, by no clock but the machine's: sockets live in real time. Gives what takes that back. */
export function inRealTime(milliseconds: number, act: () => void): () => void {
  return onAbort(AbortSignal.timeout(milliseconds), act);
}

/** A controller that also aborts with any of some signals, until it is unlinked. */
export interface Linked {
  readonly signal: AbortSignal;
  abort(): void;
  /** Forgets the signals. To be called, since a long-lived one would keep every request that it ever saw. */
  unlink(): void;
}

export function linkedTo(...signals: readonly AbortSignal[]): Linked {
  const controller = new AbortController();
  const links = signals.map((signal) => onAbort(signal, () => controller.abort(signal.reason)));
  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    unlink: () => {
      for (const unlink of links) unlink();
    },
  };
}

/** Waits for `promise`, but no longer than until `signal` aborts; then rejects with its reason. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const unlink = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(unlink);
  });
}
