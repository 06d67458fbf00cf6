import { sql } from 'drizzle-orm';
import { openDatabase } from '../../src/mirror/database.js';

/** A program that loses a connection for good, and then has nothing to wait for but the closing of its database. */
const [url = ''] = process.argv.slice(2);
const db = openDatabase(url, { applicationName: 'taskmirror test', max: 1 });
await new Promise<unknown>((lost) => {
  void db.transaction(async (tx) => {
    await tx.rows(sql`select pg_terminate_backend(pg_backend_pid())`).catch(lost);
    // It is never given back.
    await new Promise(() => {});
  });
});
await db.close();
process.stdout.write('closed');
