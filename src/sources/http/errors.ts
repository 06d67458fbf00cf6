export type ApiErrorKind =
  | 'unauthorized'
  | 'forbidden'
  | 'payment'
  | 'not-found'
  | 'invalid'
  | 'conflict'
  | 'rate-limited'
  | 'server'
  /** A body that was cut, or that isn't what the API sends: a proxy's page, another server. */
  | 'unreadable'
  | 'network'
  | 'timeout';

export interface ApiErrorDetails {
  readonly kind: ApiErrorKind;
  /** Who was asked for what: `invoiced GET /tasks/5`. Without the query, which could hold people's data. */
  readonly request: string;
  /** Null when no answer came. */
  readonly status?: number | null;
  /** The API's own code: `invalid_request`, `1012`. */
  readonly code?: string | null;
  /** The API's own words. */
  readonly words?: string;
  /** Ours, for the message: what was wrong with the answer. */
  readonly detail?: string;
  /** How long the API asked to wait. */
  readonly retryAfterMs?: number | null;
  /** Nothing was done: the API itself refused, or nothing was sent. Otherwise the outcome of a write is unknown. */
  readonly definite?: boolean;
}

/** What went wrong with one request. Holds no header, no body and no secret. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ApiErrorKind;
  readonly status: number | null;
  /** The API's own code: one line, at most 60 characters. */
  readonly code: string | null;
  /** The API's own words: one line, at most 500 characters; empty when it said nothing. */
  readonly words: string;
  readonly retryAfterMs: number | null;
  /** True when nothing was done: the API itself refused, or nothing was sent. False when a write may have been done. */
  readonly definite: boolean;
  readonly request: string;
  readonly detail: string;

  constructor(details: ApiErrorDetails, options?: ErrorOptions) {
    const words = oneLine(details.words ?? '', 500);
    const status = details.status ?? null;
    const answer = status === null ? details.kind : `${status} ${details.kind}`;
    const why = words || details.detail || '';
    super(`${details.request}: ${answer}${why && ` (${why})`}${CURES[details.kind]}`, options);
    this.kind = details.kind;
    this.status = status;
    this.code = details.code ? oneLine(details.code, 60) : null;
    this.words = words;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.definite = details.definite ?? false;
    this.request = details.request;
    this.detail = details.detail ?? '';
  }
}

/** Only a person can go on: the refresh token is used, revoked or missing. */
export class NeedsConsentError extends Error {
  override readonly name = 'NeedsConsentError';
}

/** What an HTTP status means, before the body is looked at. */
export function kindOfStatus(status: number): ApiErrorKind {
  if (status >= 500) return 'server';
  if (status < 400) return 'unreadable';
  return KINDS[status] ?? 'invalid';
}

const KINDS: Readonly<Record<number, ApiErrorKind>> = {
  401: 'unauthorized',
  402: 'payment',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  410: 'not-found',
  429: 'rate-limited',
};

const CURES: Readonly<Record<ApiErrorKind, string>> = {
  unauthorized:
    '; check the credentials (Invoiced: INVOICED_API_KEY, or the key given to connections add; FreshBooks: FRESHBOOKS_CLIENT_ID and FRESHBOOKS_CLIENT_SECRET, or consent again by connect)',
  forbidden: "; check the key's or the user's permissions",
  payment: '; the account is closed or unpaid',
  'not-found': '',
  invalid: '',
  conflict: '',
  'rate-limited': '; it heals by itself, and other programs on this account make it rarer by asking less',
  server: '; the API is at fault, it heals by itself',
  unreadable: '; check the base URL if this stays',
  network: '; check the base URL and the network',
  timeout: '; it heals by itself',
};

function oneLine(words: string, most: number): string {
  const line = words.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}]+/gu, ' ').trim();
  // A cut may part a pair of surrogates, of which a database holds no half.
  return line.length > most ? `${line.slice(0, most - 1).replace(/\p{Surrogate}$/u, '')}…` : line;
}
