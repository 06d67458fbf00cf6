import type { Dispatcher } from 'undici';
import type { Runtime } from '../runtime.js';
import type { HttpLimits } from './http/limits.js';
import type { ObservedAt } from './source.js';
import type { TokenStore } from './tokens.js';

export interface InvoicedAccount {
  readonly source: 'invoiced';
  /** `https://api.invoiced.com` */
  readonly baseUrl: string;
  readonly apiKey: string;
}

export interface FreshbooksAccount {
  readonly source: 'freshbooks';
  /** `https://api.freshbooks.com`; also serves `/auth/oauth/token`. */
  readonly baseUrl: string;
  readonly accountId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
}

export type Account = InvoicedAccount | FreshbooksAccount;

/** What the client is for. An account's budget is divided by it, so that no kind of work starves another. */
export type Share = 'poll' | 'walk' | 'push' | 'once';

/** One request, as metrics count it. `status` is null when no answer came. */
export interface RequestEvent {
  /** `tasks.list`, `tasks.get`, `events.list`, `oauth.token`. */
  readonly route: string;
  readonly method: string;
  readonly status: number | null;
  readonly ms: number;
  /** How long the request stood in line for the account's budget. */
  readonly waitedMs: number;
}

export interface SourceLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface SourceDeps {
  readonly runtime: Runtime;
  /** The database's clock. Called before a request is sent, and after its answer has arrived: at once, but for a page when it is taken. */
  readonly observe: () => Promise<ObservedAt>;
  readonly share: Share;
  /** Where an account's OAuth tokens are kept; needed by FreshBooks. */
  readonly tokens?: TokenStore;
  readonly log?: SourceLog;
  readonly onRequest?: (event: RequestEvent) => void;
  /** Time-outs, sizes and retries other than the usual ones. */
  readonly limits?: Partial<HttpLimits>;
  /** What each request passes on its way out, and its answer on its way in. */
  readonly intercept?: Dispatcher.DispatcherComposeInterceptor;
}
