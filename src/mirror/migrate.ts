import { DrizzleQueryError } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { TaskmirrorError } from '../errors.js';
import { version } from '../version.js';
import { isUnavailable, unavailable } from './database.js';
import { grantRoles } from './roles.js';
import {
  APPLIED_MIGRATIONS,
  type AppliedMigration,
  migrationsFolder,
  newerThanWe,
} from './schema-version.js';

export interface Migrated {
  /**
   * What is missing for the roles taskmirror_reader and taskmirror_writer and what this user may not do: SQL for an
   * administrator, in this order. Empty when nothing is. All else works without it.
   */
  readonly administratorStatements: readonly string[];
}

/**
 * Brings the database up to date. Any number of processes may call it at once: they wait for each other on a lock, which
 * Drizzle's own migrator does not take. `url` must lead to PostgreSQL itself, not through a pooler (session lock).
 * Throws TaskmirrorError: `unavailable`, or `configuration` when the database belongs to a newer program or to somebody else.
 */
export async function migrate(url: string, folder: string = migrationsFolder): Promise<Migrated> {
  const client = postgres(url, {
    max: 1,
    connect_timeout: 10,
    onnotice: () => {},
    connection: { application_name: 'taskmirror migrate' },
  });
  try {
    await client`select pg_advisory_lock(hashtextextended('taskmirror:migrate', 0))`;
    await refuseNewer(client, folder);
    await applyMigrations(drizzle(client), {
      migrationsFolder: folder,
      migrationsSchema: 'sync',
      migrationsTable: 'migrations',
    });
    await client`update sync.migrations set program = ${version} where program is null`;
    return { administratorStatements: await grantRoles(client) };
  } catch (error) {
    throw plain(url, error);
  } finally {
    // Ending the session frees the lock.
    await client.end({ timeout: 5 });
  }
}

async function refuseNewer(client: postgres.Sql, folder: string): Promise<void> {
  const [{ begun } = { begun: false }] = await client<{ begun: boolean }[]>`
    select to_regclass('sync.migrations') is not null as begun`;
  if (!begun) return;
  const newer = newerThanWe(await client.unsafe<AppliedMigration[]>(APPLIED_MIGRATIONS), folder);
  if (newer) throw newer;
}

function plain(url: string, error: unknown): unknown {
  // Drizzle's own error repeats the whole statement.
  const cause = error instanceof DrizzleQueryError && error.cause ? error.cause : error;
  if (isUnavailable(cause)) return unavailable(url, cause);
  if (!(cause instanceof postgres.PostgresError) || cause.code !== INSUFFICIENT_PRIVILEGE) return cause;
  return new TaskmirrorError(
    'configuration',
    `The user of DATABASE_URL may not migrate the database (${cause.message}): let it own the database, or name a user who does.`,
    { cause },
  );
}

const INSUFFICIENT_PRIVILEGE = '42501';
