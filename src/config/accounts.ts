import { parseBaseUrl } from './address.js';
import type { Config, OAuthApp } from './config.js';
import { invalid, invalidSecret, type Settings } from './settings.js';

/** Null where no key turns the connection on. */
export function readInvoiced(settings: Settings): Config['invoiced'] {
  const apiKey = settings.secret('INVOICED_API_KEY');
  const baseUrl = readBaseUrl(settings, 'INVOICED_BASE_URL', 'https://api.invoiced.com');
  return apiKey === null ? null : { apiKey, baseUrl };
}

/** Null where no account id turns the connection on. `hasKey`: whether there is a `CREDENTIALS_KEY` to store its tokens with. */
export function readFreshbooks(settings: Settings, hasKey: boolean): Config['freshbooks'] {
  const accountId = settings.text('FRESHBOOKS_ACCOUNT_ID');
  const app = readOAuthApp(settings);
  const refreshToken = settings.secret('FRESHBOOKS_REFRESH_TOKEN');
  const accessToken = settings.secret('FRESHBOOKS_ACCESS_TOKEN');
  if (accessToken !== null && !/^[\x21-\x7e]+$/.test(accessToken))
    invalidSecret(
      'FRESHBOOKS_ACCESS_TOKEN',
      'holds what no token can: copy it again, it has letters and digits only',
    );
  const baseUrl = readBaseUrl(settings, 'FRESHBOOKS_BASE_URL', 'https://api.freshbooks.com');
  if (accountId === null) return null;
  if (!/^[\w-]+$/.test(accountId)) {
    invalid('FRESHBOOKS_ACCOUNT_ID', accountId, 'use letters and digits only, such as xZNQ1X');
  }
  if (!hasKey) {
    invalidSecret(
      'CREDENTIALS_KEY',
      'is not set, but FreshBooks is on and its tokens are stored encrypted: make one with `openssl rand -base64 32`',
    );
  }
  if (refreshToken !== null && app === null) {
    invalidSecret(
      'FRESHBOOKS_CLIENT_ID',
      'is not set, but FRESHBOOKS_REFRESH_TOKEN is, and only its OAuth app can use it: set FRESHBOOKS_CLIENT_ID, FRESHBOOKS_CLIENT_SECRET and FRESHBOOKS_REDIRECT_URI',
    );
  }
  return { accountId, app, refreshToken, accessToken, baseUrl };
}

/** Settings of an account that is not on. */
export function accountWarnings(settings: Settings): readonly string[] {
  if (settings.text('FRESHBOOKS_ACCOUNT_ID') !== null) return [];
  return ['FRESHBOOKS_REFRESH_TOKEN', 'FRESHBOOKS_ACCESS_TOKEN']
    .filter((name) => settings.secret(name) !== null)
    .slice(0, 1)
    .map((name) => `${name} is set, but FRESHBOOKS_ACCOUNT_ID is not: the connection freshbooks stays off.`);
}

/** All of it or none: a refresh needs all three. */
export function readOAuthApp(settings: Settings): OAuthApp | null {
  const clientId = settings.text('FRESHBOOKS_CLIENT_ID');
  const clientSecret = settings.secret('FRESHBOOKS_CLIENT_SECRET');
  const redirectUri = settings.text('FRESHBOOKS_REDIRECT_URI');
  if (clientId === null && clientSecret === null && redirectUri === null) return null;
  if (clientId === null) return missing('FRESHBOOKS_CLIENT_ID');
  if (clientSecret === null) return missing('FRESHBOOKS_CLIENT_SECRET');
  if (redirectUri === null) return missing('FRESHBOOKS_REDIRECT_URI');
  if (!URL.canParse(redirectUri))
    invalid('FRESHBOOKS_REDIRECT_URI', redirectUri, 'use the address that is registered with the OAuth app');
  return { clientId, clientSecret, redirectUri };
}

function missing(name: string): never {
  return invalidSecret(
    name,
    'is not set: the OAuth app needs FRESHBOOKS_CLIENT_ID, FRESHBOOKS_CLIENT_SECRET and FRESHBOOKS_REDIRECT_URI together',
  );
}

function readBaseUrl(settings: Settings, name: string, fallback: string): string {
  return parseBaseUrl(name, settings.text(name) ?? fallback);
}
