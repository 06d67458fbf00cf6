import type { SourceDeps } from '../account.js';
import type { ObservedAt } from '../source.js';
import type { HttpRequest } from './request.js';

/** The database's clock, as one client's requests are timed by it. */
export interface ObservedClock {
  read(): Promise<ObservedAt>;
  /** A moment before now, for a request that is sent next. */
  before(request: HttpRequest): Promise<ObservedAt>;
}

/** As far as a listing's request may seem to lie back. */
const FRESH_MS = 50;

/**
 * A listing's next page is asked for right after the last one came, whose time serves for both: half of a walk's statements would else ask
 * for the time. Any earlier moment is right for a request. It can only pass over a row that was written within it, which the next run
 * sees again.
 */
export function openClock({ observe, runtime }: Pick<SourceDeps, 'observe' | 'runtime'>): ObservedClock {
  let last: { readonly at: ObservedAt; readonly readMs: number } | null = null;

  async function read(): Promise<ObservedAt> {
    const at = await observe();
    if (last === null || at > last.at) last = { at, readMs: runtime.now() };
    return at;
  }

  return {
    read,
    before: async ({ route }) => {
      if (route !== 'tasks.list' || last === null) return read();
      const age = runtime.now() - last.readMs;
      return age >= 0 && age < FRESH_MS ? last.at : read();
    },
  };
}
