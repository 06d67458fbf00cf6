import type { Config } from '../../config/config.js';
import { readConfig } from '../../config/read-config.js';
import type { Sandbox } from '../../sandbox/index.js';

/** The settings that point a daemon at the sandbox. Nothing of the user's own environment gets in. */
export function demoConfig(
  databaseUrl: string,
  credentialsKey: string,
  { invoiced, freshbooks }: Sandbox,
): Config & { readonly databaseUrl: string } {
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    CREDENTIALS_KEY: credentialsKey,
    INVOICED_API_KEY: invoiced.apiKey,
    INVOICED_BASE_URL: invoiced.url,
    FRESHBOOKS_ACCOUNT_ID: freshbooks.accountId,
    FRESHBOOKS_BASE_URL: freshbooks.url,
    FRESHBOOKS_CLIENT_ID: freshbooks.clientId,
    FRESHBOOKS_CLIENT_SECRET: freshbooks.clientSecret,
    FRESHBOOKS_REDIRECT_URI: freshbooks.redirectUri,
    FRESHBOOKS_REFRESH_TOKEN: freshbooks.refreshToken,
    POLL_EVERY: '2s',
    SWEEP_EVERY: '2m',
    HTTP_PORT: '0',
  });
  return { ...config, databaseUrl };
}
