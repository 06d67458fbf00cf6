import { sql } from 'drizzle-orm';
import type { Database } from './database.js';
import type { Sealer } from './sealing.js';

/**
 * Seals anew what was sealed with another than the first key. Gives how many credentials that were. Throws `configuration` where no
 * key opens one: nothing is changed then.
 */
export async function resealAll(db: Database, sealer: Sealer): Promise<number> {
  return db.transaction(async (tx) => {
    const rows = await tx.rows<SealedRow>(sql`
      select credential_id, sealed, sealed_client_secret from sync.credentials order by 1`);
    const old = rows.filter(
      ({ sealed, sealed_client_secret }) =>
        // Opens each, so that a key that is missing is told at the start.
        [sealed, sealed_client_secret].filter((text) => text !== null && isOld(sealer, text)).length > 0,
    );
    for (const { credential_id } of old) {
      // A token may have been rotated since: the lock gives the newest.
      const row = await tx.row<SealedRow>(sql`
        select credential_id, sealed, sealed_client_secret from sync.credentials
        where credential_id = ${credential_id} for update`);
      const again = (text: string) => sealer.seal(sealer.open(text));
      const secret = row.sealed_client_secret;
      await tx.rows(sql`
        update sync.credentials set sealed = ${again(row.sealed)},
          sealed_client_secret = ${secret === null ? null : again(secret)}
        where credential_id = ${credential_id}`);
    }
    return old.length;
  });
}

interface SealedRow {
  readonly credential_id: string;
  readonly sealed: string;
  readonly sealed_client_secret: string | null;
}

function isOld(sealer: Sealer, text: string): boolean {
  sealer.open(text);
  return !sealer.isCurrent(text);
}
