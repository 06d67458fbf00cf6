import type { Account, SourceDeps } from './account.js';
import { openFreshbooks } from './freshbooks/client.js';
import { freshbooks } from './freshbooks/source.js';
import { openInvoiced } from './invoiced/client.js';
import { invoiced } from './invoiced/source.js';
import type { Source, SourceClient, SourceName } from './source.js';

export type {
  Account,
  FreshbooksAccount,
  InvoicedAccount,
  RequestEvent,
  Share,
  SourceDeps,
} from './account.js';

export { ApiError, type ApiErrorKind, NeedsConsentError } from './http/errors.js';

/** All sources. A third API is one folder, one table in the mirror and one line here and below. */
export const sources: Readonly<Record<SourceName, Source>> = { invoiced, freshbooks };

/** Opens a client for one account. Asks the API nothing yet. */
export function openSource(account: Account, deps: SourceDeps): SourceClient {
  if (account.source === 'invoiced') return openInvoiced(account, deps);
  if (!deps.tokens) throw new Error('a FreshBooks client needs a token store');
  return openFreshbooks(account, deps.tokens, deps);
}
