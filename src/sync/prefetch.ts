/**
 * Reads ahead while the consumer works: gives what has come since it last asked, in order. The source is never more than
 * `most` items ahead, so memory stays flat. What came before a fault is given first. A consumer that leaves early
 * stops the source through the signal that `open` gets.
 */
export async function* prefetch<Item>(
  open: (signal: AbortSignal) => AsyncIterable<Item>,
  most: number,
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

  try {
    for (;;) {
      if (ready.length > 0) {
        const batch = ready.splice(0);
        wakeReader();
        yield batch;
      } else if (state.ended) {
        if (state.fault) throw state.fault.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wakeConsumer = resolve;
        });
      }
    }
  } finally {
    left.abort();
    wakeReader();
    await reading;
  }
}
