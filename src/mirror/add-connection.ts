import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import { tellConnections } from './notices.js';
import { stopWork } from './remove-connection.js';

export interface NewConnection {
  readonly name: string;
  readonly source: 'invoiced' | 'freshbooks';
  /** The API's. */
  readonly address: string;
  /** FreshBooks' account id; null where it is to be chosen at the consent. */
  readonly accountId: string | null;
  readonly credentialId: string;
  readonly pollEvery: number;
  readonly sweepEvery: number;
  /** What a person must do before it works. */
  readonly problem: string | null;
}

export interface NewCredential {
  readonly credentialId: string;
  readonly source: 'invoiced' | 'freshbooks';
  readonly clientId: string;
  readonly sealed: string;
  readonly problem: string | null;
  /** Both null where the OAuth application is the environment's. */
  readonly redirectUri: string | null;
  readonly sealedClientSecret: string | null;
}

/** Names tell people what a credential was made for; connections come to share it, and go. */
export const makeCredentialId = (connection: string): string =>
  `${connection}-${randomBytes(4).toString('hex')}`;

export async function insertCredential(tx: Executor, credential: NewCredential): Promise<void> {
  await tx.rows(sql`
    insert into sync.credentials (credential_id, source, client_id, sealed, consents, problem, rotated_at, redirect_uri,
      sealed_client_secret)
    values (${credential.credentialId}, ${credential.source}, ${credential.clientId}, ${credential.sealed}, '{}',
      ${credential.problem}, clock_timestamp(), ${credential.redirectUri}, ${credential.sealedClientSecret})`);
}

/** Adds a connection, takes up the rows that one of its name has left, and tells the workers. False where there is one of the name. */
export async function addConnection(tx: Executor, connection: NewConnection): Promise<boolean> {
  const added = await tx.rows(sql`
    insert into sync.connections (name, source, origin, address, account_id, credential_id, poll_every_ms, sweep_every_ms,
      problem, problem_of)
    values (${connection.name}, ${connection.source}, 'command', ${connection.address}, ${connection.accountId},
      ${connection.credentialId}, ${connection.pollEvery}, ${connection.sweepEvery}, ${connection.problem},
      case when ${connection.problem}::text is not null then 'pull' end)
    on conflict (name) do nothing
    returning 1`);
  if (added.length === 0) return false;
  // A run that was just beginning when a former one was removed may have left its place.
  await stopWork(tx, connection.name);
  await tx.rows(sql`delete from sync.removed_connections where name = ${connection.name}`);
  await tellConnections(tx, connection.name);
  return true;
}
