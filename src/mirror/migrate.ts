import { fileURLToPath } from 'node:url';
import { DrizzleQueryError, sql } from 'drizzle-orm';
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { TaskmirrorError } from '../errors.js';
import { type Executor, isUnavailable, unavailable } from './database.js';
import { grantRoles } from './roles.js';

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));

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
export async function migrate(url: string): Promise<Migrated> {
  const client = postgres(url, {
    max: 1,
    connect_timeout: 10,
    onnotice: () => {},
    connection: { application_name: 'taskmirror migrate' },
  });
  try {
    await client`select pg_advisory_lock(hashtextextended('taskmirror:migrate', 0))`;
    await refuseNewer(client);
    await applyMigrations(drizzle(client), {
      migrationsFolder,
      migrationsSchema: 'sync',
      migrationsTable: 'migrations',
    });
    return { administratorStatements: await grantRoles(client) };
  } catch (error) {
    throw plain(url, error);
  } finally {
    // Ending the session frees the lock.
    await client.end({ timeout: 5 });
  }
}

/** Whether the database has the tables that this program means. */
export async function migrationState(db: Executor): Promise<'current' | 'older' | 'newer'> {
  const { begun } = await db.row<{ begun: boolean }>(
    sql`select to_regclass('sync.migrations') is not null as begun`,
  );
  if (!begun) return 'older';
  const rows = await db.rows<{ at: string }>(sql`select created_at::text as at from sync.migrations`);
  const applied = new Set(rows.map(({ at }) => Number(at)));
  const known = knownMigrations();
  if ([...applied].some((at) => !known.includes(at))) return 'newer';
  return known.every((at) => applied.has(at)) ? 'current' : 'older';
}

/** When each of our migrations was made, in milliseconds since 1970: by that Drizzle knows them again. */
function knownMigrations(): readonly number[] {
  return readMigrationFiles({ migrationsFolder }).map(({ folderMillis }: MigrationMeta) => folderMillis);
}

/** A migration that isn't among ours came from a newer program, whose tables mean what we can't know. */
async function refuseNewer(client: postgres.Sql): Promise<void> {
  const [{ begun } = { begun: false }] = await client<{ begun: boolean }[]>`
    select to_regclass('sync.migrations') is not null as begun`;
  if (!begun) return;
  const known = knownMigrations();
  const [newer] = await client`
    select from sync.migrations where created_at <> all (${known}::bigint[]) limit 1`;
  if (newer === undefined) return;
  throw new TaskmirrorError(
    'configuration',
    'The database was migrated by a newer version of taskmirror than this one, which would misread it: upgrade this one. Nothing was changed.',
  );
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
