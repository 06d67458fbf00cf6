/** Numbers, one each turn of the event loop; tells how far it got and whether it was ended. */
export function numbers(count: number, end?: () => void) {
  const told = { given: 0, ended: false };
  const open = async function* (signal: AbortSignal): AsyncGenerator<number> {
    try {
      for (let number = 1; number <= count; number++) {
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
        told.given = number;
        yield number;
      }
      end?.();
    } finally {
      told.ended = true;
    }
  };
  return { open, told };
}

/** Lets the event loop go round so many times. */
export const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};
