import type { Logger } from 'pino';
import type { Config, FreshbooksConfig } from '../config/config.js';
import { readAccounts, readCredentials } from '../mirror/accounts.js';
import { adoptConsent, readCredential } from '../mirror/credentials.js';
import type { Database } from '../mirror/database.js';
import { resealAll } from '../mirror/reseal.js';
import { createSealer, type Sealer } from '../mirror/sealing.js';
import { packTokens } from '../sync/tokens.js';
import { ENVIRONMENT_CREDENTIAL } from './accounts.js';

const CONNECTION = 'freshbooks';

/**
 * Stores the FreshBooks tokens that the environment gives, unless they were seen before: each works once, and its successors live in
 * the database. Seals anew what another than the first key has sealed. Throws `configuration` where what is stored can't be opened.
 */
export async function prepareCredentials(db: Database, config: Config, log: Logger): Promise<void> {
  const { freshbooks, credentialsKeys } = config;
  if (!freshbooks && (await readCredentials(db)).length === 0) return;
  const sealer = createSealer(credentialsKeys);
  // First: nothing is stored beside what no key opens.
  const resealed = await resealAll(db, sealer);
  if (resealed > 0)
    log.info({ credentials: resealed }, 'Stored secrets were sealed anew with the first key.');
  const consent = freshbooks && (await consentOf(freshbooks, db, sealer));
  if (consent && (await adoptConsent(db, sealer, CONNECTION, consent))) {
    log.info({ connection: CONNECTION }, 'A new consent was stored.');
  }
}

async function consentOf(
  { app, refreshToken, accessToken, baseUrl }: FreshbooksConfig,
  db: Database,
  sealer: Sealer,
) {
  const token = refreshToken ?? accessToken;
  if (token === null) return null;
  const stored = (await readAccounts(db)).find(({ name }) => name === CONNECTION);
  const credentialId = stored?.credential?.credentialId ?? ENVIRONMENT_CREDENTIAL;
  // An access token alone must not replace a stored consent, which lives longer.
  if (refreshToken === null && (await readCredential(db, sealer, credentialId)) !== null) return null;
  return {
    credentialId,
    source: 'freshbooks',
    clientId: app?.clientId ?? '',
    token,
    secret: packTokens({ accessToken, refreshToken: refreshToken ?? '', expiresAt: 0 }, baseUrl),
  };
}
