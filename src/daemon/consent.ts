import type { Logger } from 'pino';
import type { Config, FreshbooksConfig } from '../config/config.js';
import { adoptConsent, readCredential } from '../mirror/credentials.js';
import type { Database } from '../mirror/database.js';
import { createSealer, type Sealer } from '../mirror/sealing.js';
import { NeedsConsentError } from '../sources/index.js';
import type { TokenStore } from '../sources/tokens.js';
import { createTokenStore, packTokens } from '../sync/tokens.js';

/** The one from the environment; connections of the same API user share it. */
const CREDENTIAL = 'freshbooks';
const CONNECTION = 'freshbooks';

/**
 * Stores the FreshBooks tokens that the environment gives, unless they were seen before: each works once, and its successors live in
 * the database. Throws `configuration` where what is stored can't be opened.
 */
export async function adoptFromEnvironment(db: Database, config: Config, log: Logger): Promise<void> {
  const { freshbooks, credentialsKeys } = config;
  if (!freshbooks) return;
  const sealer = createSealer(credentialsKeys);
  const consent = await consentOf(freshbooks, db, sealer);
  if (consent && (await adoptConsent(db, sealer, CONNECTION, consent))) {
    log.info({ connection: CONNECTION }, 'A new consent was stored.');
  }
  await readCredential(db, sealer, CREDENTIAL);
}

/** Where a connection's tokens are kept. Without an OAuth app they are used while they last and never refreshed. */
export function tokenStoreOf(db: Database, config: Config): TokenStore | null {
  if (!config.freshbooks) return null;
  const store = createTokenStore(
    db,
    createSealer(config.credentialsKeys),
    CREDENTIAL,
    config.freshbooks.baseUrl,
  );
  if (config.freshbooks.app) return store;
  return {
    read: store.read,
    rotate: async () => {
      throw new NeedsConsentError(
        'The FreshBooks access token no longer works and there is no OAuth app to renew it: set FRESHBOOKS_CLIENT_ID, ' +
          'FRESHBOOKS_CLIENT_SECRET, FRESHBOOKS_REDIRECT_URI and FRESHBOOKS_REFRESH_TOKEN',
      );
    },
  };
}

async function consentOf(
  { app, refreshToken, accessToken, baseUrl }: FreshbooksConfig,
  db: Database,
  sealer: Sealer,
) {
  const token = refreshToken ?? accessToken;
  if (token === null) return null;
  // An access token alone must not replace a stored consent, which lives longer.
  if (refreshToken === null && (await readCredential(db, sealer, CREDENTIAL)) !== null) return null;
  return {
    credentialId: CREDENTIAL,
    source: 'freshbooks',
    clientId: app?.clientId ?? '',
    token,
    secret: packTokens({ accessToken, refreshToken: refreshToken ?? '', expiresAt: 0 }, baseUrl),
  };
}
