import type { Runtime } from '../runtime.js';

export interface Ahead {
  /** How many items the source may be ahead, and so how many are given at a time. */
  readonly most: number;
  readonly runtime: Pick<Runtime, 'sleep'>;
}

/** What a batch costs beside its items is that of some hundred of them; pages of a quick API come every 2 or 3 ms. */
const GATHER_MS = 25;

/**
 * Reads ahead while the consumer works: gives what has come since it last asked, in order, and what follows that closely. The source
 * is never more than `most` items ahead, so memory stays flat. What came before a fault is given first. A consumer that leaves early
 * stops the source through the signal that `open` gets.
 */
export async function* prefetch<Item>(
  open: (signal: AbortSignal) => AsyncIterable<Item>,
  { most, runtime }: Ahead,
  signal: AbortSignal,
): AsyncGenerator<readonly Item[], void, undefined> {
  const left = new AbortController();
  const ready: Item[] = [];
  const state: { ended: boolean; fault: { readonly error: unknown } | null } = { ended: false, fault: null };
  let wakeReader = () => {};
  let wakeConsumer = () => {};

  const read = async (): Promise<void> => {
    for await (const item of open(AbortSignal.any([signal, left.signal]))) {
      ready.push(item);
      wakeConsumer();
      while (ready.length >= most && !left.signal.aborted) {
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
      if (left.signal.aborted) return;
    }
  };
  const reading = read()
    .catch((error: unknown) => {
      state.fault = { error };
    })
    .finally(() => {
      state.ended = true;
      wakeConsumer();
    });

  const woken = () =>
    new Promise<void>((resolve) => {
      wakeConsumer = resolve;
    });

  const gather = async (): Promise<void> => {
    const enough = new AbortController();
    let over = false;
    void runtime
      .sleep(GATHER_MS, enough.signal)
      .catch(() => {})
      .then(() => {
        over = true;
        wakeConsumer();
      });
    while (ready.length < most && !state.ended && !over) await woken();
    enough.abort();
  };

  try {
    for (;;) {
      if (ready.length > 0) {
        if (ready.length < most && !state.ended) await gather();
        const batch = ready.splice(0);
        wakeReader();
        yield batch;
      } else if (state.ended) {
        if (state.fault) throw state.fault.error;
        return;
      } else {
        await woken();
      }
    }
  } finally {
    left.abort();
    wakeReader();
    await reading;
  }
}
