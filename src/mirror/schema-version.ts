import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator';
import { TaskmirrorError } from '../errors.js';
import { version } from '../version.js';
import type { Executor } from './database.js';

export const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));

/** A migration that the database has had. */
export interface AppliedMigration {
  /** When it was written, in milliseconds since 1970: its name. */
  readonly written_at: string;
  /** The program that applied it; null where that did not say so. */
  readonly program: string | null;
}

/** Of the row as JSON, since a database that is not migrated yet lacks the column. */
export const APPLIED_MIGRATIONS = `
  select m.created_at::text as written_at, to_jsonb(m) ->> 'program' as program
  from sync.migrations m order by m.created_at`;

/** Why this program must leave the database alone: a newer one has migrated it, and its tables may mean what we can't know. Else null. */
export function newerThanWe(
  applied: readonly AppliedMigration[],
  folder: string = migrationsFolder,
): TaskmirrorError | null {
  const known = knownTo(folder);
  const newer = applied.findLast(({ written_at }) => !known.includes(Number(written_at)));
  if (newer === undefined) return null;
  const theirs = `${newer.program ?? 'of unknown version'}, with a migration of ${day(Number(newer.written_at))}`;
  const ours = `${version}, which knows migrations up to ${day(Math.max(...known))}`;
  return new TaskmirrorError(
    'configuration',
    `The database was migrated by a newer version of taskmirror (${theirs}) than this one (${ours}), which would misread it: upgrade this one. Nothing was changed.`,
  );
}

/** Throws TaskmirrorError (`configuration`) unless the database is of just this program's making, so that nothing is misread. */
export async function refuseOtherSchema(db: Executor): Promise<void> {
  const applied = await db.rows<AppliedMigration>(sql.raw(APPLIED_MIGRATIONS));
  const newer = newerThanWe(applied);
  if (newer) throw newer;
  const missing = knownTo(migrationsFolder).length - applied.length;
  if (missing === 0) return;
  throw new TaskmirrorError(
    'configuration',
    `The database is of an older version than this taskmirror (${version}), which has ${missing} more ${missing === 1 ? 'migration' : 'migrations'}: run \`npm start\`, or \`npm run migrate\`.`,
  );
}

/** Whether the database has the tables that this program means. */
export async function migrationState(db: Executor): Promise<'current' | 'older' | 'newer'> {
  const { begun } = await db.row<{ begun: boolean }>(
    sql`select to_regclass('sync.migrations') is not null as begun`,
  );
  if (!begun) return 'older';
  const applied = await db.rows<AppliedMigration>(sql.raw(APPLIED_MIGRATIONS));
  if (newerThanWe(applied)) return 'newer';
  return applied.length === knownTo(migrationsFolder).length ? 'current' : 'older';
}

/** A newer program has migrated the database under us: what `newerThanWe` says; else null. */
export async function findNewerSchema(db: Executor): Promise<TaskmirrorError | null> {
  return newerThanWe(await db.rows<AppliedMigration>(sql.raw(APPLIED_MIGRATIONS)));
}

function knownTo(folder: string): readonly number[] {
  const known = files.get(folder);
  if (known) return known;
  const read = readMigrationFiles({ migrationsFolder: folder }).map(
    ({ folderMillis }: MigrationMeta) => folderMillis,
  );
  files.set(folder, read);
  return read;
}

/** They don't change while we run. */
const files = new Map<string, readonly number[]>();

const day = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 10);
