import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../servers/index.js';

let database: TestDatabase;
let sql: postgres.Sql;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
});

afterAll(async () => {
  await sql.end();
  await database.drop();
});

test('every schema, table, column, sequence and function says what it is', async () => {
  const silent = await sql`
    with ours as (select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')),
      things as (
        select 'pg_namespace'::regclass as class, oid, 0 as part, nspname::text as name from ours
        union all
        select 'pg_class'::regclass, c.oid, 0, format('%s.%s', nspname, relname)
        from pg_class c join ours on ours.oid = relnamespace
        where relkind in ('r', 'p', 'v', 'm') or relkind = 'S' and not exists (
          select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0)
        union all
        select 'pg_class'::regclass, c.oid, attnum, format('%s.%s.%s', nspname, relname, attname)
        from pg_class c join ours on ours.oid = relnamespace join pg_attribute a on attrelid = c.oid
        where relkind in ('r', 'p', 'v', 'm') and attnum > 0 and not attisdropped
        union all
        select 'pg_proc'::regclass, p.oid, 0, format('%s.%s()', nspname, proname)
        from pg_proc p join ours on ours.oid = pronamespace
      )
    select name from things where not exists (
      select from pg_description d
      where d.classoid = things.class and d.objoid = things.oid and d.objsubid = things.part and length(d.description) > 10
    ) order by name`;
  expect(silent.map(({ name }) => name)).toEqual([]);
  const [{ count } = { count: 0 }] = await sql`
    select count(*)::int as count from pg_description where objoid = 'freshbooks.tasks'::regclass`;
  expect(count).toBeGreaterThan(15);
});

test('the reader may read all but the credentials, and the writer change tasks besides', async () => {
  const granted = await sql<{ role: string; object: string; privileges: string }[]>`
    select grantee as role, format('%s.%s', table_schema, table_name) as object,
      string_agg(privilege_type, ', ' order by privilege_type) as privileges
    from information_schema.table_privileges
    where grantee in ('taskmirror_reader', 'taskmirror_writer') group by 1, 2 order by 1, 2`;
  const of = (role: string) =>
    granted.filter((row) => row.role === role).map(({ object, privileges }) => `${object}: ${privileges}`);
  const rest = (links: string) => [
    ...REPORTING.map((view) => `reporting.${view}: SELECT`),
    'sync.conflicts: SELECT',
    'sync.connections: SELECT',
    'sync.cursors: SELECT',
    'sync.held_deletions: SELECT',
    'sync.home: SELECT',
    'sync.leases: SELECT',
    'sync.link_rules: SELECT',
    links,
    'sync.migrations: SELECT',
    'sync.removed_connections: SELECT',
    'sync.retired_ids: SELECT',
    'sync.runs: SELECT',
    'sync.unreadable: SELECT',
    'sync.walk_pages: SELECT',
    'sync.walks: SELECT',
    'sync.writes: SELECT',
  ];
  const tasks = (privileges: string) =>
    ['freshbooks', 'invoiced'].flatMap((source) => [
      `${source}.task_history: SELECT`,
      `${source}.task_versions: SELECT`,
      `${source}.tasks: ${privileges}`,
    ]);
  expect(of('taskmirror_reader')).toEqual([...tasks('SELECT'), ...rest('sync.links: SELECT')]);
  expect(of('taskmirror_writer')).toEqual([
    ...tasks('DELETE, INSERT, SELECT, TRUNCATE, UPDATE'),
    ...rest('sync.links: DELETE, INSERT, SELECT'),
  ]);
});

const REPORTING = [
  'collection_by_customer',
  'collection_overdue',
  'collection_workload',
  'linked_tasks',
  'service_catalog',
  'service_duplicates',
  'service_rate_changes',
  'settings',
  'sync_activity',
  'sync_errors',
  'sync_health',
  'tasks',
];

/** As the owner who takes the role on, which is what `taskmirror sql` does. */
async function as(role: string, statement: string): Promise<string> {
  return sql
    .begin(async (tx) => {
      await tx.unsafe(`set local role ${role}`);
      await tx.unsafe(statement);
      return 'done';
    })
    .catch((error: Error) => error.message);
}

test.each([
  ['select * from invoiced.tasks', 'done', 'done'],
  ['select * from sync.runs', 'done', 'done'],
  ['select * from sync.credentials', 'permission denied for table credentials', 'same'],
  ["select nextval('sync.row_ids')", 'permission denied for sequence row_ids', 'done'],
  [
    'insert into invoiced.tasks select * from invoiced.tasks where false',
    'permission denied for table tasks',
    'done',
  ],
  ["update freshbooks.tasks set name = 'Painting'", 'permission denied for table tasks', 'done'],
  ['delete from invoiced.tasks', 'permission denied for table tasks', 'done'],
  ['update sync.connections set paused_at = null', 'permission denied for table connections', 'same'],
  ["update reporting.settings set time_zone = 'UTC'", 'permission denied for table settings', 'same'],
  ['delete from invoiced.task_versions', 'permission denied for table task_versions', 'same'],
  ['delete from sync.conflicts', 'permission denied for table conflicts', 'same'],
  ['delete from sync.links', 'permission denied for table links', 'done'],
  ["update sync.links set state = 'linked'", 'permission denied for table links', 'same'],
  ['delete from sync.link_rules', 'permission denied for table link_rules', 'same'],
  [
    'truncate invoiced.tasks',
    'permission denied for table tasks',
    'invoiced.tasks: TRUNCATE would empty the mirror and delete nothing at the API',
  ],
  [
    "set taskmirror.origin = 'sync'; truncate invoiced.tasks",
    'permission denied for table tasks',
    'invoiced.tasks: TRUNCATE would empty the mirror and delete nothing at the API',
  ],
  ['create table sync.mine ()', 'permission denied for schema sync', 'same'],
])('%s', async (statement, reader, writer) => {
  expect(await as('taskmirror_reader', statement)).toBe(reader);
  expect(await as('taskmirror_writer', statement)).toBe(writer === 'same' ? reader : writer);
});

test('the migrations make the tables that the program was written for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'taskmirror-test-drift-'));
  try {
    cpSync('drizzle', folder, { recursive: true });
    const said = execFileSync(
      process.execPath,
      [
        'node_modules/drizzle-kit/bin.cjs',
        'generate',
        '--dialect=postgresql',
        '--schema=src/mirror/schema/index.ts',
        `--out=${relative('.', folder)}`,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    expect(said).toContain('No schema changes');
    expect(readdirSync(folder)).toEqual(readdirSync('drizzle'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('each migration is newer than the one before: an older one would be passed over', () => {
  const { entries } = JSON.parse(readFileSync(join('drizzle', 'meta', '_journal.json'), 'utf8')) as {
    entries: { when: number; tag: string }[];
  };
  expect(entries.map(({ when }) => when)).toEqual(
    [...new Set(entries.map(({ when }) => when))].sort((a, b) => a - b),
  );
  const files = readdirSync('drizzle').filter((name) => name.endsWith('.sql'));
  expect(files).toEqual(entries.map(({ tag }) => `${tag}.sql`));
});
