import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Database, Executor } from './database.js';
import type { Sealer } from './sealing.js';

export interface Credential {
  /** What was stored, opened. */
  readonly secret: string;
  /** Why it doesn't work any more and a person must consent again; null while it works. */
  readonly problem: string | null;
}

export interface Consent {
  readonly credentialId: string;
  readonly source: string;
  readonly clientId: string;
  /** What a person brought: the refresh token as it was given. Only its hash is kept, to know it again. */
  readonly token: string;
  /** What is stored: the tokens as JSON. */
  readonly secret: string;
}

/**
 * Stores a consent that was not seen before, in place of what was stored; one that was seen has been used up, and is left.
 * Links the connection to it. True when it was new.
 */
export async function adoptConsent(
  db: Database,
  sealer: Sealer,
  connection: string,
  consent: Consent,
): Promise<boolean> {
  const hash = createHash('sha256').update(consent.token).digest('hex');
  return db.transaction(async (tx) => {
    const adopted = await tx.rows(sql`
      insert into sync.credentials as c (credential_id, source, client_id, sealed, consents, rotated_at)
      values (${consent.credentialId}, ${consent.source}, ${consent.clientId}, ${sealer.seal(consent.secret)},
        array[${hash}]::text[], clock_timestamp())
      on conflict (credential_id) do update
      set sealed = excluded.sealed, consents = c.consents || excluded.consents, problem = null,
        client_id = excluded.client_id, rotated_at = clock_timestamp()
      where not c.consents @> excluded.consents
      returning 1`);
    await tx.rows(sql`
      update sync.connections set credential_id = ${consent.credentialId}
      where name = ${connection} and credential_id is distinct from ${consent.credentialId}`);
    return adopted.length > 0;
  });
}

/** Null when none is stored. */
export async function readCredential(
  db: Executor,
  sealer: Sealer,
  credentialId: string,
): Promise<Credential | null> {
  const [row] = await db.rows<{ sealed: string; problem: string | null }>(sql`
    select sealed, problem from sync.credentials where credential_id = ${credentialId}`);
  return row === undefined ? null : { secret: sealer.open(row.sealed), problem: row.problem };
}

export type Rotation = { readonly secret: string } | { readonly problem: string } | 'keep';

/**
 * Lets `work` replace a credential while its row is locked, so that it is done once over all processes. What `work` gives is
 * committed before this returns. This is the one transaction that is held across HTTP: a token may be used once only.
 */
export async function rotateCredential(
  db: Database,
  sealer: Sealer,
  credentialId: string,
  work: (current: Credential) => Promise<Rotation>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const { sealed, problem } = await tx.row<{ sealed: string; problem: string | null }>(sql`
      select sealed, problem from sync.credentials where credential_id = ${credentialId} for update`);
    const rotation = await work({ secret: sealer.open(sealed), problem });
    if (rotation === 'keep') return;
    await ('secret' in rotation
      ? tx.rows(sql`
          update sync.credentials set sealed = ${sealer.seal(rotation.secret)}, problem = null, rotated_at = clock_timestamp()
          where credential_id = ${credentialId}`)
      : tx.rows(sql`
          update sync.credentials set problem = ${rotation.problem} where credential_id = ${credentialId}`));
  });
}
