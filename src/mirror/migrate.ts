import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));

/**
 * Brings the database up to date. Any number of processes may call it at once: they wait for each other on a lock, which
 * Drizzle's own migrator does not take. `url` must lead to PostgreSQL itself, not through a pooler (session lock).
 */
export async function migrate(url: string): Promise<void> {
  const client = postgres(url, {
    max: 1,
    connect_timeout: 10,
    onnotice: () => {},
    connection: { application_name: 'taskmirror migrate' },
  });
  try {
    await client`select pg_advisory_lock(hashtextextended('taskmirror:migrate', 0))`;
    await applyMigrations(drizzle(client), {
      migrationsFolder,
      migrationsSchema: 'sync',
      migrationsTable: 'migrations',
    });
  } finally {
    // Ending the session frees the lock.
    await client.end({ timeout: 5 });
  }
}
