import { packApiKey } from '../../src/daemon/accounts.js';
import { addConnection, insertCredential } from '../../src/mirror/add-connection.js';
import { openDatabase } from '../../src/mirror/database.js';
import { tellConnections } from '../../src/mirror/notices.js';
import { createSealer } from '../../src/mirror/sealing.js';
import { type BenchSandbox, furtherKey } from './sandbox.js';

export const nameOf = (n: number): string => `account-${String(n).padStart(5, '0')}`;

/** Adds the sandbox's further accounts of Invoiced from `from` up to `to`, as `connections add` does. */
export async function addAccounts(
  databaseUrl: string,
  sandbox: BenchSandbox,
  from: number,
  to: number,
): Promise<void> {
  const sealer = createSealer([Buffer.from(sandbox.env['CREDENTIALS_KEY'] ?? '', 'base64')]);
  const db = openDatabase(databaseUrl, { applicationName: 'taskmirror bench', max: 1 });
  await db.transaction(async (tx) => {
    for (let n = from; n < to; n += 1) {
      const name = nameOf(n);
      await insertCredential(tx, {
        credentialId: name,
        source: 'invoiced',
        clientId: '',
        sealed: sealer.seal(packApiKey(furtherKey(n))),
        problem: null,
        redirectUri: null,
        sealedClientSecret: null,
      });
      const added = await addConnection(tx, {
        name,
        source: 'invoiced',
        address: sandbox.env['INVOICED_BASE_URL'] ?? '',
        accountId: null,
        credentialId: name,
        pollEvery: 60_000,
        sweepEvery: 21_600_000,
        problem: null,
      });
      if (!added) throw new Error(`${name} is there already`);
    }
    await tellConnections(tx);
  });
  await db.close();
}
