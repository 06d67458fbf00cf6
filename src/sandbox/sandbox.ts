import type { Runtime } from '../runtime.js';
import type { SandboxApi } from './api.js';
import type { Faults } from './fault.js';
import type { FreshBooksApi, FreshBooksOptions, FreshBooksPeople } from './freshbooks/index.js';
import type { InvoicedOptions } from './invoiced/options.js';
import type { InvoicedPeople } from './invoiced/people.js';

export interface ListenerOptions {
  /** 0 (default) takes a free one. */
  readonly port?: number;
  /** Tasks made from the seed at the start, unless a snapshot is restored. Default 0. */
  readonly tasks?: number;
}

export interface SandboxOptions {
  /** Where both APIs listen; the control surface stays on loopback. Default 127.0.0.1. */
  readonly host?: string;
  readonly controlPort?: number;
  /** Everything random comes from it. Default 1. */
  readonly seed?: number;
  /** What the clock shows at the start, in milliseconds since 1970. Default: the machine's time. */
  readonly startAt?: number;
  /** Every request takes at least so long. Default 0. */
  readonly latency?: number;
  /** How many requests the log keeps. Default 2000. */
  readonly logSize?: number;
  /** Restored from at the start if it is there; written each `saveEvery` milliseconds (default 1000) and at close. */
  readonly snapshotFile?: string;
  readonly saveEvery?: number;
  /**
   * A restored sandbox goes on with the tokens of its snapshot. Otherwise it gives a new consent: whoever kept the last
   * token may have been lost meanwhile.
   */
  readonly keepConsent?: boolean;
  readonly invoiced?: ListenerOptions & {
    readonly options?: Partial<InvoicedOptions>;
    /** Accounts beside the first, each with a key and tasks of its own. */
    readonly further?: readonly {
      readonly apiKey: string;
      readonly tasks?: number;
      readonly options?: Partial<InvoicedOptions>;
    }[];
  };
  readonly freshbooks?: ListenerOptions & {
    readonly options?: Partial<FreshBooksOptions>;
    /** Accounts of the same users beside the first: how many tasks each begins with, by its id. */
    readonly further?: Readonly<Record<string, number>>;
  };
  readonly runtime?: Runtime;
}

/** The sandbox's own time. It runs with the machine's unless frozen. */
export interface SandboxClock {
  now(): number;
  /** Shows this time (milliseconds since 1970) and goes on from there, or stands there if frozen. */
  set(milliseconds: number): void;
  advance(milliseconds: number): void;
  freeze(): void;
  thaw(): void;
}

export interface LoggedRequest {
  /** Counts up from 1 over both APIs, in order of arrival. */
  readonly seq: number;
  readonly api: SandboxApi['name'];
  /** By the sandbox's clock, in milliseconds since 1970. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  readonly route: string;
  /** Null while under way, and for a request that never got an answer. */
  readonly status: number | null;
  /** Requests in flight at this API on arrival, this one included. */
  readonly inFlight: number;
  readonly idempotencyKey: string | null;
  readonly body: string;
  /** The keys of the task that was sent; of the body, where there is no task. */
  readonly keys: readonly string[];
  /** The kinds of the faults that struck. */
  readonly faults: readonly string[];
}

export interface LogFilter {
  readonly api?: SandboxApi['name'];
  /** As in a fault rule: a name, a family (`tasks.*`) or `*`. */
  readonly route?: string;
  readonly method?: string;
  /** Only later ones than this `seq`. */
  readonly after?: number;
}

/** What was asked of both APIs, the newest last. Never holds an Authorization header. */
export interface RequestLog {
  entries(filter?: LogFilter): readonly LoggedRequest[];
  /** How many requests match, those that fell out of the ring not counted. */
  count(filter?: LogFilter): number;
  /** The `seq` of the newest, 0 if none: a mark for `after`. */
  mark(): number;
  /** The most requests that were in flight at once at this API since the last clear. */
  peak(api: SandboxApi['name']): number;
  clear(): void;
}

export interface InvoicedAccountSandbox {
  readonly url: string;
  readonly apiKey: string;
  /** In force at once when changed. */
  readonly options: InvoicedOptions;
  readonly people: InvoicedPeople;
}

export interface InvoicedSandbox extends InvoicedAccountSandbox {
  readonly further: readonly InvoicedAccountSandbox[];
}

export interface FreshBooksSandbox {
  readonly url: string;
  readonly accountId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  /** Valid at the start, and until it is used or another consent is given. */
  readonly refreshToken: string;
  /** In force at once when changed. */
  readonly options: FreshBooksOptions;
  readonly people: FreshBooksPeople;
  /** The people of a further account, by its id. */
  peopleOf(accountId: string): FreshBooksPeople;
  readonly oauth: FreshBooksApi['oauth'];
}

/** Both simulated APIs, running, with everything a test or the demo turns. */
export interface Sandbox {
  readonly invoiced: InvoicedSandbox;
  readonly freshbooks: FreshBooksSandbox;
  /** The seeded source of all chance in the sandbox, in [0, 1). */
  random(): number;
  readonly clock: SandboxClock;
  readonly faults: Faults;
  readonly log: RequestLog;
  /** The control surface over HTTP, for other processes. */
  readonly controlUrl: string;
  /** Every request takes at least so many milliseconds. */
  setLatency(milliseconds: number): void;
  snapshot(): unknown;
  restore(snapshot: unknown): void;
  /** Writes the snapshot file now, if there is to be one. */
  save(): Promise<void>;
  /** Ends open requests, hung ones too, and leaves no handle. */
  close(): Promise<void>;
}
