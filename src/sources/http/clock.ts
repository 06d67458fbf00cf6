import type { SourceDeps } from '../account.js';
import type { Arrival, ObservedAt } from '../source.js';
import type { HttpRequest } from './request.js';

/** The database's clock, as one client's requests are timed by it. */
export interface ObservedClock {
  /** A moment before now, for a request that is sent next. */
  before(request: HttpRequest): Promise<ObservedAt>;
  /** For an answer that has just come: reads the clock at the first call, and gives the same at any other. */
  arrival(): () => Promise<Arrival>;
}

/** Whether the answer is one of many that are read ahead of who takes them. */
export const isListing = ({ route }: HttpRequest): boolean => route === 'tasks.list';

interface Reading {
  readonly at: ObservedAt;
  readonly begunMs: number;
}

/** As far as a listing's request may seem to lie back. */
const FRESH_MS = 50;

/**
 * Asking PostgreSQL for the time twice a page would be most of a walk's statements. A listing's request may seem to lie back as far as the
 * last reading: any earlier moment is right for it. And answers that are taken together have one reading, after the last of them came: any
 * later moment is right for an answer. Both can only pass over a row that was written within that time, which the next run sees again.
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
      const begunMs = runtime.now();
      return { at: await read(), begunMs };
    });
    return next;
  }

  return {
    arrival: () => {
      const cameMs = runtime.now();
      let asked: Promise<Arrival> | null = null;
      return () => {
        asked ??= soon().then(({ at, begunMs }) => ({
          answeredAt: at,
          waitedMs: Math.max(0, begunMs - cameMs),
        }));
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
