const WINDOW = 60;

export interface RateLimit {
  /**
   * Counts a request at that time (ms since 1970). Every answer carries the headers, `Retry-After` too: that is no
   * request to wait unless the status is 429 or 503.
   */
  count(
    now: number,
    limit: number | null,
  ): {
    readonly exceeded: boolean;
    readonly headers: Readonly<Record<string, string>>;
  };
}

/** A window of 60 s begins with the first request after the former has ended, or when the clock was set back. */
export function createRateLimit(): RateLimit {
  let start = Number.NEGATIVE_INFINITY;
  let used = 0;

  return {
    count(now, limit) {
      const second = Math.floor(now / 1000);
      if (second >= start + WINDOW || second < start) {
        start = second;
        used = 0;
      }
      used += 1;
      const allowed = limit ?? 600;
      const reset = start + WINDOW;
      return {
        exceeded: limit !== null && used > limit,
        headers: {
          'X-RateLimit-Limit': String(allowed),
          'X-RateLimit-Remaining': String(Math.max(0, allowed - used)),
          'X-RateLimit-Reset': String(reset),
          'Retry-After': String(reset - second),
        },
      };
    },
  };
}
