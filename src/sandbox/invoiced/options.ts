/**
 * Everything about Invoiced that is only reported or unknown, with the reported behaviour as the default.
 * All can be changed while the sandbox runs.
 */
export interface InvoicedOptions {
  apiKey: string;
  /** The id of the first task ever made. Ids are never used again. Read once, at the start. */
  firstTaskId: number;
  /** `closed` answers everything with 402. */
  account: 'open' | 'closed';
  /** `read` answers writes with 403, `none` everything. */
  permission: 'write' | 'read' | 'none';
  /** More requests at once are answered with 429. */
  maxInFlight: number;
  /** More requests a minute are answered with 429; null: no limit. */
  perMinute: number | null;
  /** Seconds in the `Retry-After` of a 429; null leaves it out. */
  retryAfter: number | null;
  /** `documented` says `api` where the back end says `api_error` and `rate_limit_error`. */
  errorTypes: 'backend' | 'documented';
  /** Whether PATCH takes a `customer_id`. */
  customerUpdatable: boolean;
  /** What happens to unknown and read-only fields in a body. */
  unknownFields: 'refused' | 'ignored';
  /** Whether `action` is held to the four that are documented. */
  actions: 'any' | 'documented';
  /** Whether the undocumented keys (`customer`, `bill`, …) are in every task. */
  extraKeys: boolean;
  /** Whether a PATCH that names a field sets `updated_at` though nothing changed. */
  unchangedPatchTouches: boolean;
  /** Whether reopening clears `completed_date` and `completed_by_user_id`. */
  reopenClears: boolean;
  /** In the hour that the autumn change repeats, `early` stamps the first reading: an hour before the truth. */
  autumnHour: 'early' | 'true';
  /** Whose autumn it is: the time zone of Invoiced's servers. */
  timeZone: string;
  /** An unknown sort column. */
  unknownSort: 'error' | 'ignored';
  /** Unsorted lists go by a key that the server remembers for one walk; `offset` has no such thing. */
  paging: 'cursor' | 'offset';
  /** How long the server remembers where a walk was, in milliseconds. */
  cursorLife: number;
  /** Whether the page that was answered last may be asked for again. */
  cursorRepeats: boolean;
  /** Out of order, rows from this one on are a 400. */
  cursorLimit: number;
  /** `stale`: past page 1, `X-Total-Count` is up to five minutes old. */
  totalCount: 'stale' | 'fresh';
  idempotency: 'honoured' | 'ignored';
  /** Whether errors are kept under their idempotency key like other answers. */
  idempotencyErrors: 'kept' | 'dropped';
  /** Two at once with one key: `both` run, or `one` runs and the other gets its answer. */
  idempotencyRace: 'both' | 'one';
  /** An event shows only so many milliseconds after its change. */
  eventDelay: number;
  /** The share of events that are never written, 0 to 1. */
  eventLoss: number;
  /** The share of events whose `data.object` is empty, 0 to 1. */
  eventEmpty: number;
  /** Whether tasks that go with a paid or deleted customer go without an event. */
  silentDeletes: boolean;
  /** Whether merging or removing a user or customer sets `updated_at` of its tasks. */
  mergeTouches: boolean;
}

export const invoicedDefaults: Readonly<InvoicedOptions> = {
  apiKey: 'sandbox-invoiced-key',
  firstTaskId: 788,
  account: 'open',
  permission: 'write',
  maxInFlight: 20,
  perMinute: null,
  retryAfter: null,
  errorTypes: 'backend',
  customerUpdatable: true,
  unknownFields: 'refused',
  actions: 'any',
  extraKeys: true,
  unchangedPatchTouches: true,
  reopenClears: false,
  autumnHour: 'early',
  timeZone: 'America/Chicago',
  unknownSort: 'error',
  paging: 'cursor',
  cursorLife: 300_000,
  cursorRepeats: true,
  cursorLimit: 10_000,
  totalCount: 'stale',
  idempotency: 'honoured',
  idempotencyErrors: 'kept',
  idempotencyRace: 'both',
  eventDelay: 0,
  eventLoss: 0,
  eventEmpty: 0,
  silentDeletes: true,
  mergeTouches: false,
};
