import type { Runtime } from '../../runtime.js';
import { unlessAborted } from '../http/abort.js';
import type { TokenStore, Tokens } from '../tokens.js';

const MAX_MARGIN = 5 * 60;

/** The access token in use: renewed before it expires, and once the API refuses it. */
export interface Access {
  /** A token that should work. Throws NeedsConsentError, or ApiError where renewing failed. */
  current(signal: AbortSignal): Promise<string>;
  /** The API answered 401 to this token: renews it, unless that has happened meanwhile. */
  refused(accessToken: string, signal: AbortSignal): Promise<void>;
  /** Waits for a renewal under way: cut off, it could lose the only refresh token. */
  settled(): Promise<void>;
}

export function openAccess(
  store: TokenStore,
  refresh: (current: Tokens) => Promise<Tokens>,
  runtime: Runtime,
): Access {
  let held: Held | null = null;
  let renewal: Promise<Held> | null = null;

  async function current(signal: AbortSignal): Promise<string> {
    held ??= hold(await unlessAborted(store.read(), signal), runtime);
    const { tokens, renewAt } = held;
    if (tokens.accessToken !== null && runtime.now() < renewAt) return tokens.accessToken;
    return tokenOf(await renew(tokens, signal));
  }

  async function refused(accessToken: string, signal: AbortSignal): Promise<void> {
    const seen = held?.tokens;
    if (seen?.accessToken === accessToken) await renew(seen, signal);
  }

  /** One at a time in this process, however many requests wait for it; none of them can abort it. */
  function renew(seen: Tokens, signal: AbortSignal): Promise<Held> {
    renewal ??= rotate(seen).finally(() => {
      renewal = null;
    });
    return unlessAborted(renewal, signal);
  }

  async function rotate(seen: Tokens): Promise<Held> {
    let own: Tokens | null = null;
    const tokens = await store.rotate(seen, async (stored) => {
      own = await refresh(stored);
      return own;
    });
    // One that was issued just now lives from now by our clock, whatever the API's clock shows.
    held = own === null ? hold(tokens, runtime) : holdFresh(tokens, runtime);
    return held;
  }

  return {
    current,
    refused,
    settled: async () => {
      await renewal?.catch(() => {});
    },
  };
}

interface Held {
  readonly tokens: Tokens;
  /** By our clock, in milliseconds since 1970. */
  readonly renewAt: number;
}

function hold(tokens: Tokens, runtime: Runtime): Held {
  // Of a token of unknown age nothing is known until the API refuses it.
  if (tokens.expiresAt === 0) return { tokens, renewAt: Number.POSITIVE_INFINITY };
  const life = tokens.expiresAt - (tokens.issuedAt ?? runtime.now() / 1000);
  return { tokens, renewAt: (tokens.expiresAt - marginOf(life)) * 1000 };
}

function holdFresh(tokens: Tokens, runtime: Runtime): Held {
  const life = tokens.expiresAt - (tokens.issuedAt ?? runtime.now() / 1000);
  return { tokens, renewAt: runtime.now() + (life - marginOf(life)) * 1000 };
}

/** Five minutes ahead, but never more than a tenth of a token's life, lest short-lived ones be renewed at every request. */
function marginOf(life: number): number {
  return Math.min(MAX_MARGIN, Math.max(0, life / 10));
}

function tokenOf({ tokens }: Held): string {
  if (tokens.accessToken === null)
    throw new Error('the token store rotated to tokens without an access token');
  return tokens.accessToken;
}
