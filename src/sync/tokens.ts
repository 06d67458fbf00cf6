import { z } from 'zod';
import { readCredentials } from '../mirror/accounts.js';
import { readCredential, rotateCredential } from '../mirror/credentials.js';
import type { Database, Executor } from '../mirror/database.js';
import type { Sealer } from '../mirror/sealing.js';
import { NeedsConsentError } from '../sources/index.js';
import type { TokenStore, Tokens } from '../sources/tokens.js';

const stored = z.object({
  accessToken: z.string().nullable(),
  refreshToken: z.string(),
  expiresAt: z.number(),
  issuedAt: z.number().optional(),
  scope: z.string().optional(),
  baseUrl: z.string().optional(),
});

/** `baseUrl` is whose the tokens are: they are shown to no other address. */
export const packTokens = (tokens: Tokens, baseUrl?: string): string =>
  JSON.stringify({ ...tokens, ...(baseUrl !== undefined && { baseUrl }) });

/**
 * Tokens in `sync.credentials`: encrypted, and rotated under the lock of their row by one process at a time. With a `baseUrl`,
 * tokens that were given for another address are not handed out.
 */
export function createTokenStore(
  db: Database,
  sealer: Sealer,
  credentialId: string,
  baseUrl?: string,
): TokenStore {
  const unpack = (secret: string): Tokens => {
    const { baseUrl: theirs, ...tokens } = stored.parse(JSON.parse(secret));
    if (theirs === undefined || baseUrl === undefined || theirs === baseUrl) return tokens;
    throw new NeedsConsentError(
      `The stored consent is for ${theirs}, and its token is shown to no other address: put FRESHBOOKS_BASE_URL back, ` +
        `or consent anew for ${baseUrl} with taskmirror connect`,
    );
  };
  return {
    read: async () => {
      const credential = await readCredential(db, sealer, credentialId);
      if (credential === null) throw new NeedsConsentError(NO_CONSENT);
      if (credential.problem !== null) throw new NeedsConsentError(credential.problem);
      return unpack(credential.secret);
    },
    rotate: async (seen, refresh) => {
      let result: Tokens | NeedsConsentError | null = null;
      await rotateCredential(db, sealer, credentialId, async ({ secret, problem }) => {
        const current = unpack(secret);
        if (problem !== null) {
          result = new NeedsConsentError(problem);
          return 'keep';
        }
        // Somebody else was faster: theirs is newer than what the caller saw.
        if (current.refreshToken !== seen.refreshToken || current.accessToken !== seen.accessToken) {
          result = current;
          return 'keep';
        }
        try {
          const { scope } = current;
          // A refresh changes nothing of what was allowed.
          result = { ...(scope !== undefined && { scope }), ...(await refresh(current)) };
          return { secret: packTokens(result, baseUrl) };
        } catch (error) {
          if (!(error instanceof NeedsConsentError)) throw error;
          result = error;
          return { problem: error.message };
        }
      });
      if (result === null) throw new Error('a rotation ended without a result');
      if ((result as unknown) instanceof NeedsConsentError) throw result;
      return result as Tokens;
    },
  };
}

/** Also what stands in a credential that waits for its first consent. */
export const NO_CONSENT = 'There is no consent yet: a person gives it with taskmirror connect';

/** When each stored access token ends, in seconds since 1970 by the API's clock; without those of which nobody knows. */
export async function tokenExpiries(
  db: Executor,
  sealer: Sealer,
): Promise<readonly { readonly credential: string; readonly expiresAt: number }[]> {
  const credentials = await readCredentials(db);
  return credentials.flatMap(({ credentialId, source, sealed }) => {
    if (source !== 'freshbooks') return [];
    try {
      const { expiresAt } = stored.parse(JSON.parse(sealer.open(sealed)));
      return expiresAt > 0 ? [{ credential: credentialId, expiresAt }] : [];
    } catch {
      // Another key's, or no consent yet: others say so.
      return [];
    }
  });
}
