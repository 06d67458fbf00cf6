import { sql } from 'drizzle-orm';
import type { Database } from './database.js';
import { tellConnections } from './notices.js';

export interface FreshConsent {
  readonly connection: string;
  /** The credential that holds the tokens just given, linked to no connection yet. */
  readonly credentialId: string;
  readonly clientId: string;
  /** The user who consented, as `sync.credentials.api_user` names them; null where the API did not say. */
  readonly apiUser: string | null;
  /** The accounts that this user may enter. */
  readonly accounts: readonly string[];
  /** Hashes of tokens from the environment that are older than this consent, and must not replace it. */
  readonly seen: readonly string[];
}

/**
 * Makes a fresh consent the one of its user: the user's former tokens are dead, so every connection that used them is given these.
 * A credential of another user is left alone. Gives the connections that go on with the consent, and tells the workers.
 */
export async function settleConsent(db: Database, fresh: FreshConsent): Promise<readonly string[]> {
  return db.transaction(async (tx) => {
    const [own] = await tx.rows<{ credential_id: string | null }>(sql`
      select credential_id from sync.connections where name = ${fresh.connection} for update`);
    const former = await tx.rows<{ credential_id: string; consents: readonly string[] }>(sql`
      select k.credential_id, k.consents from sync.credentials k
      where k.source = 'freshbooks' and k.credential_id <> ${fresh.credentialId} and (
        k.client_id = ${fresh.clientId} and k.api_user = ${fresh.apiUser}
        or k.api_user is null and k.credential_id = ${own?.credential_id ?? null} and not exists (
          -- Whose tokens these were is not known: another's, if it opened an account that this user can't enter.
          select from sync.connections o
          where o.credential_id = k.credential_id and o.name <> ${fresh.connection}
            and coalesce(o.account_id, o.account) <> all (${array(fresh.accounts)})
        )
      )
      order by 1 for update`);
    const ids = array([fresh.credentialId, ...former.map(({ credential_id }) => credential_id)]);
    const seen = array([...new Set([...fresh.seen, ...former.flatMap(({ consents }) => consents)])]);
    const target = former[0]?.credential_id ?? fresh.credentialId;
    const linked = await tx.rows<{ name: string }>(sql`
      update sync.connections set credential_id = ${target},
        problem = case when origin = 'command' and account_id is null
          then 'Its account is not chosen yet: taskmirror connect ' || name end,
        problem_of = case when origin = 'command' and account_id is null then 'pull' end
      where credential_id = any (${ids}) or name = ${fresh.connection} returning name`);
    const [kept] = await tx.rows<{
      sealed: string;
      redirect_uri: string | null;
      sealed_client_secret: string | null;
    }>(
      sql`select sealed, redirect_uri, sealed_client_secret from sync.credentials where credential_id = ${fresh.credentialId}`,
    );
    await tx.rows(sql`
      delete from sync.credentials where credential_id = any (${ids}) and credential_id <> ${target}`);
    await tx.rows(sql`
      update sync.credentials set sealed = ${kept?.sealed}, redirect_uri = ${kept?.redirect_uri},
        sealed_client_secret = ${kept?.sealed_client_secret}, client_id = ${fresh.clientId}, api_user = ${fresh.apiUser},
        problem = null, consents = ${seen}, rotated_at = clock_timestamp()
      where credential_id = ${target}`);
    // The connection's former credential, if it was another user's that nothing else uses.
    await tx.rows(sql`
      delete from sync.credentials k where k.credential_id = ${own?.credential_id ?? null}
        and not exists (select from sync.connections c where c.credential_id = k.credential_id)`);
    const names = linked.map(({ name }) => name).sort();
    for (const name of names) await tellConnections(tx, name);
    return names;
  });
}

/** Chooses the account of a connection that had none. */
export async function chooseAccount(db: Database, connection: string, accountId: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.rows(sql`
      update sync.connections set account_id = ${accountId}, problem = null, problem_of = null
      where name = ${connection} and origin = 'command'`);
    await tellConnections(tx, connection);
  });
}

/** Remembers whose a credential is. */
export async function nameUser(db: Database, credentialId: string, apiUser: string): Promise<void> {
  await db.rows(sql`
    update sync.credentials k set api_user = ${apiUser} where credential_id = ${credentialId} and api_user is null
      and not exists (
        select from sync.credentials o
        where o.source = k.source and o.client_id = k.client_id and o.api_user = ${apiUser}
      )`);
}

const array = (texts: readonly string[]) =>
  sql`array(select jsonb_array_elements_text(${JSON.stringify(texts)}::text::jsonb))`;
