import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';

/** What is stored of a connection's account and credential. Secrets are sealed. */
export interface StoredAccount {
  readonly name: string;
  readonly source: 'invoiced' | 'freshbooks';
  readonly origin: 'environment' | 'command';
  /** The API's address and the FreshBooks account, where a command has set them. */
  readonly address: string | null;
  readonly accountId: string | null;
  readonly credential: StoredCredential | null;
}

export interface StoredCredential {
  readonly credentialId: string;
  readonly source: 'invoiced' | 'freshbooks';
  readonly sealed: string;
  readonly clientId: string;
  /** Both null where the OAuth application is the environment's. */
  readonly redirectUri: string | null;
  readonly sealedClientSecret: string | null;
  /** The API's id of the user who consented; null while unknown. */
  readonly apiUser: string | null;
  readonly problem: string | null;
}

/** All connections, by name. */
export async function readAccounts(db: Executor): Promise<readonly StoredAccount[]> {
  const rows = await db.rows<AccountRow>(sql`
    select c.name, c.source, c.origin, c.address, c.account_id, c.credential_id, ${credentialColumns}
    from sync.connections c left join sync.credentials k using (credential_id)
    order by c.name`);
  return rows.map((row) => ({
    name: row.name,
    source: row.source,
    origin: row.origin,
    address: row.address,
    accountId: row.account_id,
    credential:
      row.credential_id === null ? null : toCredential({ ...row, credential_id: row.credential_id }),
  }));
}

/** All credentials, used or not. */
export async function readCredentials(db: Executor): Promise<readonly StoredCredential[]> {
  const rows = await db.rows<CredentialRow>(sql`
    select k.credential_id, ${credentialColumns} from sync.credentials k order by 1`);
  return rows.map(toCredential);
}

const credentialColumns = sql`k.source as credential_source, k.sealed, k.client_id, k.redirect_uri,
  k.sealed_client_secret, k.api_user, k.problem`;

interface CredentialRow {
  readonly credential_id: string;
  readonly credential_source: 'invoiced' | 'freshbooks';
  readonly sealed: string;
  readonly client_id: string;
  readonly redirect_uri: string | null;
  readonly sealed_client_secret: string | null;
  readonly api_user: string | null;
  readonly problem: string | null;
}

type AccountRow = Omit<CredentialRow, 'credential_id'> & {
  readonly credential_id: string | null;
  readonly name: string;
  readonly source: 'invoiced' | 'freshbooks';
  readonly origin: 'environment' | 'command';
  readonly address: string | null;
  readonly account_id: string | null;
};

const toCredential = (row: CredentialRow): StoredCredential => ({
  credentialId: row.credential_id,
  source: row.credential_source,
  sealed: row.sealed,
  clientId: row.client_id,
  redirectUri: row.redirect_uri,
  sealedClientSecret: row.sealed_client_secret,
  apiUser: row.api_user,
  problem: row.problem,
});
