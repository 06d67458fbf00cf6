import type { Runtime } from '../runtime.js';

/** Nothing was heard in time. */
export class LateError extends Error {
  override readonly name = 'LateError';
}

/** What `work` gives, unless that takes longer: then a LateError, while the work goes on and its end is nobody's business. */
export async function bounded<T>(ms: number, work: Promise<T>, runtime: Runtime): Promise<T> {
  const over = new AbortController();
  const late = runtime.sleep(ms, over.signal).then(
    () => Promise.reject(new LateError(`no answer within ${ms / 1_000} s`)),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

/** Whoever asks while the same is being found out gets that answer: any number of askers cost one. */
export function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null;
  return () => {
    underWay ??= work().finally(() => {
      underWay = null;
    });
    return underWay;
  };
}
