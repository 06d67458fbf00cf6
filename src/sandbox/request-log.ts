import { matchesRoute } from './route.js';
import type { LogFilter, LoggedRequest, RequestLog } from './sandbox.js';

/** Longer bodies are cut in the log. */
const bodyLimit = 65_536;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface WritableLog extends RequestLog {
  /** Writes a request down on arrival. What becomes of it is set on the entry. */
  begin(entry: Omit<LoggedRequest, 'seq' | 'status' | 'faults'>): Mutable<LoggedRequest>;
}

/** Keeps the newest `size` requests. */
export function createRequestLog(size: number): WritableLog {
  let entries: Mutable<LoggedRequest>[] = [];
  let seq = 0;
  let peaks = { invoiced: 0, freshbooks: 0 };

  const matching = (filter: LogFilter = {}) => entries.slice(-size).filter((entry) => matches(entry, filter));
  return {
    begin(entry) {
      seq += 1;
      const logged = { ...entry, body: entry.body.slice(0, bodyLimit), seq, status: null, faults: [] };
      entries.push(logged);
      // Cut in bulk: shifting each time would copy the ring for every request.
      if (entries.length >= 2 * size) entries = entries.slice(-size);
      peaks[entry.api] = Math.max(peaks[entry.api], entry.inFlight);
      return logged;
    },
    entries: matching,
    count: (filter) => matching(filter).length,
    mark: () => seq,
    peak: (api) => peaks[api],
    clear() {
      entries = [];
      peaks = { invoiced: 0, freshbooks: 0 };
    },
  };
}

function matches(entry: LoggedRequest, filter: LogFilter): boolean {
  if (filter.api !== undefined && entry.api !== filter.api) return false;
  if (filter.method !== undefined && entry.method !== filter.method) return false;
  if (filter.after !== undefined && entry.seq <= filter.after) return false;
  return filter.route === undefined || matchesRoute(filter.route, entry.route);
}
