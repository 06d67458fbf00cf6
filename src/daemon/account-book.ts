import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { readAccounts } from '../mirror/accounts.js';
import { setIntervals } from '../mirror/connections.js';
import type { Database } from '../mirror/database.js';
import { createSealer } from '../mirror/sealing.js';
import type { Account } from '../sources/index.js';
import type { TokenStore } from '../sources/tokens.js';
import { accountOf, tokenStoreOf } from './accounts.js';

/** The accounts that this process has the secrets of, by the name of their connection. */
export interface AccountBook {
  account(connection: string): Account | null;
  /** Null for an account without OAuth. */
  tokens(connection: string): TokenStore | null;
  names(): readonly string[];
  /** Reads again what commands have changed. An account whose secret can't be opened stays out, alone. */
  reload(): Promise<void>;
  /** The same, and writes nothing: for a command, whose intervals mean nothing. */
  read(): Promise<void>;
}

interface Entry {
  readonly account: Account;
  readonly tokens: TokenStore | null;
}

/** Opens the book: `reload` fills it. */
export function createAccountBook(db: Database, config: Config, log: Logger): AccountBook {
  const sealer = config.credentialsKeys.length > 0 ? createSealer(config.credentialsKeys) : null;
  const told = new Map<string, string>();
  let entries: ReadonlyMap<string, Entry> = new Map();

  async function reload(): Promise<void> {
    await setIntervals(db, config);
    await read();
  }

  async function read(): Promise<void> {
    const found = new Map<string, Entry>();
    for (const stored of await readAccounts(db)) {
      try {
        const account = accountOf(stored, config, sealer);
        if (account) found.set(stored.name, { account, tokens: tokenStoreOf(stored, account, db, sealer) });
        told.delete(stored.name);
      } catch (error) {
        // Said once: it is looked at every minute.
        const message = error instanceof Error ? error.message : String(error);
        if (told.get(stored.name) !== message) log.error({ connection: stored.name }, message);
        told.set(stored.name, message);
      }
    }
    entries = found;
  }

  return {
    account: (connection) => entries.get(connection)?.account ?? null,
    tokens: (connection) => entries.get(connection)?.tokens ?? null,
    names: () => [...entries.keys()],
    reload,
    read,
  };
}
