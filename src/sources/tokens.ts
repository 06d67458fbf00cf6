/** OAuth tokens as a source needs them; kept by whoever opens the source, since a source knows no database. */

export interface Tokens {
  readonly accessToken: string | null;
  readonly refreshToken: string;
  /** Seconds since 1970, by the API's clock: `created_at + expires_in`. 0 when unknown. */
  readonly expiresAt: number;
  /** `created_at`, in seconds since 1970, where known: with it a life of seconds isn't renewed minutes ahead. */
  readonly issuedAt?: number | undefined;
  /** What the user has allowed, blank-separated, where known. */
  readonly scope?: string | undefined;
}

export interface TokenStore {
  /** The newest tokens. Throws NeedsConsentError (http/errors.ts) where there is none that works. */
  read(): Promise<Tokens>;
  /**
   * Trades the refresh token for its successor, once over all processes: locks the credential, reads it again, and calls
   * `refresh` with what it holds, unless somebody else has rotated past `seen` meanwhile. The successor is durable
   * before this returns. When `refresh` throws NeedsConsentError the credential is marked so.
   */
  rotate(seen: Tokens, refresh: (current: Tokens) => Promise<Tokens>): Promise<Tokens>;
}
