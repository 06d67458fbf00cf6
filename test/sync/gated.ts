import type { SourceClient } from '../../src/sources/source.js';
import { until } from '../servers/index.js';
import type { Worker, World } from './world.js';

export interface Gated extends Worker {
  /** Waits until a call stands at the gate. */
  reached(): Promise<void>;
  /** Lets everything pass, from now on. */
  open(): void;
}

/**
 * A worker whose reads of single tasks, or writes, wait at a gate until it is opened: before they are asked, or once their
 * answer has come. `only` so many, in the order in which they come; default all.
 */
export function gated(
  world: World,
  what: 'read' | 'send',
  when: 'before' | 'after',
  only = Number.POSITIVE_INFINITY,
): Gated {
  let waiting = 0;
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const gate = async <T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    if (waiting >= only) return call();
    if (when === 'after') {
      // A failure waits too.
      const answer = await Promise.allSettled([call()]).then(([settled]) => settled);
      waiting += 1;
      await Promise.race([opened, aborted(signal)]);
      if (answer.status === 'rejected') throw answer.reason;
      return answer.value;
    }
    waiting += 1;
    await Promise.race([opened, aborted(signal)]);
    return call();
  };
  const worker = world.as({
    open: (...opening): SourceClient => {
      const client = world.context.open(...opening);
      const { writer } = client;
      if (what === 'read')
        return { ...client, read: (id, signal) => gate(() => client.read(id, signal), signal) };
      return {
        ...client,
        writer: {
          ...writer,
          send: (call, signal, savingMs) => gate(() => writer.send(call, signal, savingMs), signal),
        },
      };
    },
  });
  return {
    ...worker,
    reached: () => until('a call stands at the gate', () => waiting > 0).then(() => {}),
    open,
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}
