import type { StoredAccount } from '../../mirror/accounts.js';
import { ApiError, NeedsConsentError } from '../../sources/index.js';
import { type Finding, findingsOf } from './finding.js';

const { failed } = findingsOf('account');

/** What is known of a connection before its API is asked. */
export interface Examined {
  readonly stored: StoredAccount;
  /** A paused one's tokens are not renewed: it may be a copy, whose original needs them. */
  readonly paused: boolean;
  /** What its runs have met. */
  readonly problem: string | null;
  /** The status of the API's last answer to a write. */
  readonly lastWrite: number | null;
}

/** What an API's refusal means, with the cure. */
export function refusalOf(name: string, error: unknown): Finding {
  if (error instanceof NeedsConsentError) {
    return failed(name, `${sentence(error.message)}`, `Run: taskmirror connect ${name}`);
  }
  if (!(error instanceof ApiError)) throw error;
  return failed(
    name,
    sentence(error.message),
    CURES[error.kind] ?? 'Try again later; if it stays, check the base URL.',
  );
}

/** What only a write shows, which is not tried. */
export function writesOf({ stored, lastWrite }: Examined): readonly Finding[] {
  if (lastWrite !== 403) return [];
  return [
    failed(
      stored.name,
      'The last write was refused (403): its key or user may read only.',
      'Give it the right to write: what waits is then sent by itself. Or run with PUSH=off.',
    ),
  ];
}

const CURES: Partial<Record<ApiError['kind'], string>> = {
  unauthorized:
    'Check the key (INVOICED_API_KEY, or the one given to connections add), or consent again: taskmirror connect NAME.',
  forbidden: 'Give the key or the user the right to read and write tasks.',
  payment: 'Reopen the account, or remove the connection.',
  'not-found': 'Check the account id and the base URL.',
  network: 'Check the base URL, the network and any proxy.',
  timeout: 'Check the network; the API may be slow.',
  'rate-limited': 'Wait a minute: something asks much of this account.',
  server: 'Wait: the API is at fault.',
};

const sentence = (text: string): string => (text.endsWith('.') ? text : `${text}.`);
