import type { Database } from '../../mirror/database.js';
import { findStrayed } from '../../mirror/home.js';
import { missingRoles, readServerFacts, type ServerFacts } from '../../mirror/inspect.js';
import { migrationState } from '../../mirror/schema-version.js';
import { type Finding, findingsOf } from './finding.js';

const { ok, warning, failed } = findingsOf('database');

const LEAST_VERSION = 15;

export interface DatabaseCheck {
  readonly findings: readonly Finding[];
  /** Whether the mirror's tables are there and ours. */
  readonly usable: boolean;
  readonly facts: ServerFacts;
}

/** Version, migrations and roles of a server that answers. */
export async function checkDatabase(db: Database): Promise<DatabaseCheck> {
  const facts = await readServerFacts(db);
  const server = judgeServer(facts);
  const state = await migrationState(db);
  const tables = {
    current: ok('tables', 'All migrations are applied.'),
    older: failed(
      'tables',
      'The tables are of an older version, or not there yet.',
      'Run: taskmirror migrate (or start, which does so too).',
    ),
    newer: failed('tables', 'A newer version of taskmirror has migrated the tables.', 'Upgrade this one.'),
  }[state];
  if (state !== 'current') return { findings: [...server, tables], usable: false, facts };
  return {
    findings: [...server, tables, await checkRoles(db), ...(await checkHome(db))],
    usable: true,
    facts,
  };
}

export function judgeServer({ version, versionName, inRecovery }: ServerFacts): readonly Finding[] {
  const old =
    version < LEAST_VERSION * 10_000
      ? failed('server', `PostgreSQL ${versionName} is too old.`, `Upgrade it to ${LEAST_VERSION} or newer.`)
      : ok('server', `PostgreSQL ${versionName}.`);
  if (!inRecovery) return [old];
  return [
    old,
    failed('server', 'It is a replica, which takes no writes.', 'Point DATABASE_URL at the primary.'),
  ];
}

async function checkRoles(db: Database): Promise<Finding> {
  const missing = await missingRoles(db);
  if (missing.length === 0) return ok('roles', 'taskmirror_reader and taskmirror_writer are complete.');
  return warning(
    'roles',
    'The roles taskmirror_reader and taskmirror_writer are not complete; all else works without them.',
    `As an administrator, run: ${missing.join('; ')};`,
  );
}

async function checkHome(db: Database): Promise<readonly Finding[]> {
  if ((await findStrayed(db)) === null) return [];
  return [
    failed(
      'copy',
      'The database was restored from a copy; every connection is paused at the next start.',
      'Start, look at taskmirror plan, consent again where status asks for it, then: taskmirror resume NAME.',
    ),
  ];
}
