import postgres from 'postgres';
import { expect, test } from 'vitest';
import { migrate } from '../../src/mirror/migrate.js';
import { programOf } from '../daemon/program.js';
import { createTestDatabase } from '../servers/index.js';
import { type End, killAt, type Point } from './crash/victims.js';

/** At these in `npm test`; `npm run crash -- --points` kills at all that comes by. */
const whole = process.env['CRASH_POINTS'] === 'all';

test('taskmirror migrate that is killed at any statement is gone on with by the next', {
  timeout: whole ? 3_600_000 : 300_000,
}, async () => {
  const finished = await createTestDatabase();
  const wanted = await shapeOf(finished.url);
  await finished.drop();

  const life = await migrateUntil({ nth: -1, afterMs: 0 }, wanted);
  expect(life.killed).toBe(false);
  const named: readonly Point[] = [
    { what: 'lock', moment: 'before' },
    { what: 'lock', moment: 'after' },
    { what: /^create table/, moment: 'after', skip: 3 },
    { what: /^create trigger/, moment: 'after', skip: 2 },
    { what: /^commit of/, moment: 'before' },
    { what: /^commit of/, moment: 'after' },
    { nth: life.passed - 1, afterMs: 0 },
  ];
  const all = Array.from({ length: life.passed }, (_, nth): Point => ({ nth, afterMs: 0 }));
  const deaths: string[] = [];
  for (const point of whole ? all : named) {
    const end = await migrateUntil(point, wanted);
    expect(end.killed, `never came by: ${JSON.stringify(point)}`).toBe(true);
    deaths.push(end.last);
    if (deaths.length % 25 === 0) process.stdout.write(`${deaths.length} deaths\n`);
  }
  if (whole) process.stdout.write(`migrate was killed at ${deaths.length} points, from "${deaths[0]}" on\n`);
});

/** Kills one at the point in an empty database, and has another one end the work. */
async function migrateUntil(point: Point, wanted: readonly string[]): Promise<End> {
  const database = await createTestDatabase({ empty: true });
  const end = await killAt(point, { database: database.url }, (wires) => ({
    args: [...programOf(), 'migrate'],
    env: { DATABASE_URL: wires.database },
  }));
  const { administratorStatements } = await migrate(database.url);
  expect(administratorStatements).toEqual([]);
  expect(await shapeOf(database.url), `after a death ${end.last}`).toEqual(wanted);
  await database.drop();
  return end;
}

/** Everything that the migrations make, in words. */
async function shapeOf(url: string): Promise<readonly string[]> {
  const sql = postgres(url, { max: 1 });
  const rows = await sql`
    with ours as (select oid, nspname from pg_namespace where nspname in ('sync', 'invoiced', 'freshbooks', 'reporting', 'links'))
    select format('%s %s.%s %s', c.relkind, o.nspname, c.relname, c.relacl) as thing
    from pg_class c join ours o on o.oid = c.relnamespace
    union all
    select format('column %s.%s.%s %s', o.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod))
    from pg_attribute a join pg_class c on c.oid = a.attrelid join ours o on o.oid = c.relnamespace
    where a.attnum > 0 and not a.attisdropped
    union all
    select format('function %s %s', p.oid::regprocedure, md5(p.prosrc)) from pg_proc p join ours o on o.oid = p.pronamespace
    union all
    select format('trigger %s %s', t.tgrelid::regclass, pg_get_triggerdef(t.oid)) from pg_trigger t
    join pg_class c on c.oid = t.tgrelid join ours o on o.oid = c.relnamespace where not t.tgisinternal
    union all
    select format('migration %s %s', hash, created_at) from sync.migrations
    order by 1`;
  await sql.end();
  return rows.map(({ thing }) => String(thing));
}
