import type { Runtime } from '../../runtime.js';
import type { Share } from '../account.js';
import { onAbort, unlessAborted } from './abort.js';
import { serverTimeOf } from './headers.js';

/** An account's requests in flight, divided by what they are for. Leases in the database make the shares global. */
export type InFlight = Readonly<Record<Share, number>>;

/**
 * How much of the API's rate limit a share leaves to the others. The API's own counter is what all processes have in common:
 * long walks stop first, and the few requests of a poll find room beside any number of pushes.
 */
const RESERVES: Readonly<Record<Share, number>> = { walk: 0.4, push: 0.1, once: 0.1, poll: 0.05 };
/** No window is longer than this; a counter that says so is not believed. */
const MAX_WAIT_MS = 120_000;

export interface Budget {
  /** Waits for a turn, then returns what gives it back, once. Rejects with the signal's reason when it aborts. */
  enter(signal: AbortSignal): Promise<() => void>;
  /** Learns the rate limit from an answer's `X-RateLimit-*` headers, if it has them. */
  note(header: (name: string) => string | null): void;
}

export function openBudget(share: Share, inFlight: InFlight, runtime: Runtime): Budget {
  const line: (() => void)[] = [];
  let free = inFlight[share];
  let window: RateWindow | null = null;

  const leave = (): void => {
    const next = line.shift();
    if (next) next();
    else free += 1;
  };

  async function enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (free > 0) free -= 1;
    else await turn(line, signal);
    try {
      await rateAllows(signal);
    } catch (error) {
      leave();
      throw error;
    }
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  }

  async function rateAllows(signal: AbortSignal): Promise<void> {
    while (window !== null && window.remaining < window.limit * RESERVES[share]) {
      const wait = window.endsAt - runtime.now();
      if (wait <= 0) {
        window = null;
        return;
      }
      await unlessAborted(runtime.sleep(wait + runtime.random() * 250, signal), signal);
    }
  }

  return {
    enter,
    note: (header) => {
      window = latest(window, windowOf(header, runtime.now()));
    },
  };
}

interface RateWindow {
  readonly limit: number;
  readonly remaining: number;
  /** The API's name for the window: when it ends, in seconds since 1970 by its clock. */
  readonly reset: number;
  /** When it ends by our clock, in milliseconds. */
  readonly endsAt: number;
}

function windowOf(header: (name: string) => string | null, now: number): RateWindow | null {
  const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((name) =>
    Number.parseInt(header(`x-ratelimit-${name}`) ?? '', 10),
  );
  if (!limit || remaining === undefined || Number.isNaN(remaining) || !reset) return null;
  const wait = Math.min(Math.max(reset * 1000 - (serverTimeOf(header) ?? now), 0), MAX_WAIT_MS);
  return { limit, remaining, reset, endsAt: now + wait };
}

/** Answers may arrive out of order: within one window the smaller remainder is the newer one. */
function latest(known: RateWindow | null, seen: RateWindow | null): RateWindow | null {
  if (known === null || seen === null) return seen ?? known;
  if (seen.reset !== known.reset) return seen.reset > known.reset ? seen : known;
  return seen.remaining <= known.remaining ? seen : known;
}

function turn(line: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const go = (): void => {
      unlink();
      resolve();
    };
    line.push(go);
    const unlink = onAbort(signal, () => {
      line.splice(line.indexOf(go), 1);
      reject(signal.reason);
    });
  });
}
