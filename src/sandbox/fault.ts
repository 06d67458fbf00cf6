/**
 * When a fault strikes: `before` the work, which then is not done, or `after` it was done, so that the work stands and only
 * its answer is lost. Default `before`.
 */
export type FaultPhase = 'before' | 'after';

interface Phased {
  readonly when?: FaultPhase;
}

/** Ends the request in its own way: the client never sees the API's answer whole. */
export type EndingFault =
  /** An error in the API's own body shape, unless `body` says otherwise. 429 has no Retry-After unless `headers` has one. */
  | (Phased & {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
    })
  /** A proxy's HTML page. */
  | (Phased & {
      readonly kind: 'html';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
    })
  /** A redirect, for example to another host. */
  | (Phased & { readonly kind: 'redirect'; readonly status?: number; readonly location: string })
  /** No answer until the client or the sandbox gives up. */
  | (Phased & { readonly kind: 'hang' })
  /** The connection is reset (TCP RST). */
  | (Phased & { readonly kind: 'reset' })
  /** 200 with JSON that ends in the middle. `abrupt` also breaks the HTTP message: the connection closes early. */
  | (Phased & { readonly kind: 'cut'; readonly abrupt?: boolean });

/** Delays the request; other faults may follow. */
export type DelayFault = Phased & { readonly kind: 'slow'; readonly milliseconds: number };

/** Changes what the API takes for the task that was sent (JSON bodies). Keys are dotted paths in the task: `rate.amount`. */
export type SentFault =
  /** Says 200 and keeps the old value of these keys; of all, without `keys`. */
  | { readonly kind: 'keep-old'; readonly keys?: readonly string[] }
  /** Cuts texts to so many UTF-16 units. */
  | { readonly kind: 'cut-text'; readonly keys: readonly string[]; readonly length: number }
  /** Rounds numbers, or decimal strings, to so many digits after the point. */
  | { readonly kind: 'round'; readonly keys: readonly string[]; readonly digits: number };

/** Changes what the API answers. */
export type AnswerFault =
  /** Every task in the answer lacks these keys (dotted paths). */
  | { readonly kind: 'omit-keys'; readonly keys: readonly string[] }
  /** Every task in the answer has these keys besides, or instead. */
  | { readonly kind: 'add-keys'; readonly keys: Readonly<Record<string, unknown>> }
  /** A list without rows. */
  | { readonly kind: 'empty-list' }
  /** Every page is the first one, and there is always a next. */
  | { readonly kind: 'repeat-page' }
  /** The page's last row comes twice. */
  | { readonly kind: 'duplicate-row' }
  /** The page's first rows (default 1) are left out, as when rows shift during a walk. */
  | { readonly kind: 'drop-rows'; readonly count?: number }
  /** Rows of any kind at the page's end. `json` is spliced in as text, for what JSON.stringify can't write (`1e999`). */
  | { readonly kind: 'extra-rows'; readonly rows?: readonly unknown[]; readonly json?: readonly string[] };

export type Fault = EndingFault | DelayFault | SentFault | AnswerFault;

export interface FaultRule {
  readonly api: 'invoiced' | 'freshbooks' | '*';
  /** A route's name (`tasks.list`), a family (`tasks.*`), or `*`. */
  readonly route: string;
  readonly fault: Fault;
  /** Lets so many matching requests pass first. Default 0. */
  readonly skip?: number;
  /** Strikes so often, then is spent. Default: until cleared. */
  readonly times?: number;
}

/** The rules in force. All that match a request apply, in order, up to the first that ends it. */
export interface Faults {
  /** Arms a rule and gives its number. */
  add(rule: FaultRule): number;
  /** Disarms one rule, or all. */
  clear(id?: number): void;
  /** What is armed, with what is left of it. */
  list(): readonly ArmedFault[];
}

export interface ArmedFault extends FaultRule {
  readonly id: number;
  /** How often it has struck. */
  readonly struck: number;
}
