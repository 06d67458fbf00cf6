import type { SourceDeps } from '../account.js';
import type { ObservedAt } from '../source.js';
import type { HttpRequest } from './request.js';

/** The database's clock, as one client's requests are timed by it. */
export interface ObservedClock {
  /** A moment before now, for a request that is sent next. */
  before(request: HttpRequest): Promise<ObservedAt>;
  read(): Promise<ObservedAt>;
  /** For an answer that has just come, when it had: reads the clock at the first call, and gives the same at any other. */
  arrival(): () => Promise<ObservedAt>;
}

/** Whether the answer is one of many that are read ahead of who takes them. */
export const isListing = ({ route }: HttpRequest): boolean => route === 'tasks.list';

interface Reading {
  readonly at: ObservedAt;
  readonly begunMs: number;
}

/** As far as a listing's request may seem to lie back when it begins to wait for its turn. */
const FRESH_MS = 50;
/** Of the time that an answer has waited, so much is taken off: two clocks never run alike, and it must not seem to have come too early. */
const CERTAIN = 0.99;

/**
 * Asking PostgreSQL for the time twice a page would be most of a walk's statements. A listing's request may seem to lie back as far as the
 * last reading: any earlier moment is right for it. It can only pass over a row that was written within it, which the next run sees again.
 * And answers that are taken together have one reading, less what each of them has waited for it.
 */
export function openClock({ observe, runtime }: Pick<SourceDeps, 'observe' | 'runtime'>): ObservedClock {
  let last: { readonly at: ObservedAt; readonly readMs: number } | null = null;
  let next: Promise<Reading> | null = null;

  async function read(): Promise<ObservedAt> {
    const at = await observe();
    if (last === null || at > last.at) last = { at, readMs: runtime.now() };
    return at;
  }

  /** A reading that has not begun: whoever asks before it does shares it. */
  function soon(): Promise<Reading> {
    next ??= Promise.resolve().then(async () => {
      next = null;
      const begunMs = runtime.elapsed();
      return { at: await read(), begunMs };
    });
    return next;
  }

  return {
    read,
    arrival: () => {
      const cameMs = runtime.elapsed();
      let asked: Promise<ObservedAt> | null = null;
      return () => {
        asked ??= soon().then(({ at, begunMs }) => at - Math.floor((begunMs - cameMs) * 1000 * CERTAIN));
        return asked;
      };
    },
    before: async (request) => {
      if (!isListing(request) || last === null) return read();
      const age = runtime.now() - last.readMs;
      return age >= 0 && age < FRESH_MS ? last.at : read();
    },
  };
}
