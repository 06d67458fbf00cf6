/**
 * Begins the work on items before their turn: while the consumer is at one, that on up to `most` further ones is under way. Gives the
 * results in the items' order. What came before a fault is given first. A consumer that leaves early stops the source through the signal
 * that `open` gets, and what has begun is waited for, whatever comes of it.
 */
export async function* beginAhead<Item, Result>(
  open: (signal: AbortSignal) => AsyncIterable<Item>,
  begin: (item: Item) => Promise<Result>,
  most: number,
  signal: AbortSignal,
): AsyncGenerator<Result, void, undefined> {
  const left = new AbortController();
  const source = open(AbortSignal.any([signal, left.signal]))[Symbol.asyncIterator]();
  const begun: Promise<Result>[] = [];
  const state: { ended: boolean; fault: { readonly error: unknown } | null } = { ended: false, fault: null };
  let wake = () => {};

  const fill = async (): Promise<void> => {
    while (!state.ended && begun.length < most) {
      const next = await source.next();
      if (next.done || left.signal.aborted) {
        state.ended = true;
      } else {
        const result = begin(next.value);
        // It is met in its turn, or never, where an earlier one has failed.
        result.catch(() => {});
        begun.push(result);
      }
      wake();
    }
  };
  const filled = (): Promise<void> =>
    fill().catch((error: unknown) => {
      state.ended = true;
      state.fault = { error };
      wake();
    });

  let filling = filled();
  try {
    for (;;) {
      const first = begun[0];
      if (first !== undefined) {
        const result = await first;
        begun.shift();
        filling = filling.then(filled);
        yield result;
      } else if (state.ended) {
        if (state.fault) throw state.fault.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    left.abort();
    await filling;
    await Promise.allSettled(begun);
    await source.return?.();
  }
}
