import { z } from 'zod';
import { readCredential, rotateCredential } from '../mirror/credentials.js';
import type { Database } from '../mirror/database.js';
import type { Sealer } from '../mirror/sealing.js';
import { NeedsConsentError } from '../sources/index.js';
import type { TokenStore, Tokens } from '../sources/tokens.js';

const stored = z.object({
  accessToken: z.string().nullable(),
  refreshToken: z.string(),
  expiresAt: z.number(),
  issuedAt: z.number().optional(),
});

export const packTokens = (tokens: Tokens): string => JSON.stringify(tokens);

/** Tokens in `sync.credentials`: encrypted, and rotated under the lock of their row by one process at a time. */
export function createTokenStore(db: Database, sealer: Sealer, credentialId: string): TokenStore {
  const unpack = (secret: string): Tokens => stored.parse(JSON.parse(secret));
  return {
    read: async () => {
      const credential = await readCredential(db, sealer, credentialId);
      if (credential === null) throw new NeedsConsentError(`there is no consent for ${credentialId} yet`);
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
          result = await refresh(current);
          return { secret: packTokens(result) };
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
