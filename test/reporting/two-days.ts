import postgres from 'postgres';
import { systemRuntime } from '../../src/runtime.js';
import { createTestDatabase } from '../servers/index.js';
import { connections, expectOutcome, openWorld } from '../sync/world.js';
import { makeLogins } from './logins.js';
import { type Hands, SCRIPT } from './two-days-script.js';

/** The demo's tasks after two days of work, the same each time, asked at noon of the second day. */
export interface TwoDays {
  /** A user who may act as taskmirror_reader. */
  readonly url: string;
  close(): Promise<void>;
}

const NOON = '2026-03-03T12:00:00Z';

/**
 * Mirrors the demo's tasks and plays the script on both sides with the worker's own functions. The sandbox shows the script's
 * times; what the database stamped with its own clock is set to them at the end, and the views' `now()` to noon.
 */
export async function liveTwoDays(): Promise<TwoDays> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const clock = { at: Date.parse(SCRIPT[0]?.at ?? '') };
    const database = await createTestDatabase();
    const world = await openWorld({
      database,
      sandbox: {
        runtime: { ...systemRuntime, now: () => clock.at },
        // As many as in the demo, from its seed.
        invoiced: { tasks: 312 },
        freshbooks: { tasks: 305 },
      },
    });
    closers.push(world.close);
    const admin = postgres(database.adminUrl, { max: 1, onnotice: () => {} });
    closers.push(() => admin.end());
    const logins = await makeLogins(admin, database.url);
    closers.push(logins.close);

    const each: Hands['each'] = async (kind) => {
      for (const connection of connections) expectOutcome(await world[kind](connection), 'ok');
    };
    await admin`create table public.script (began timestamptz, at timestamptz)`;
    for (const { at, happens } of SCRIPT) {
      clock.at = Date.parse(at);
      await admin`insert into public.script values (clock_timestamp(), ${at})`;
      await happens({ sandbox: world.sandbox, each, ...logins });
    }
    await setTimes(admin);
    await standStill(admin);
    return { url: database.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Sets each time that the database took from its clock to that of the script's step. */
async function setTimes(admin: postgres.Sql): Promise<void> {
  await admin`set session_replication_role = replica`;
  const columns = await admin<{ table: string; column: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as table, quote_ident(a.attname) as column
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('invoiced', 'freshbooks', 'sync') and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
      and a.atttypid = 'timestamptz'::regtype`;
  for (const { table, column } of columns) {
    await admin.unsafe(`
      update ${table} set ${column} = (select s.at from public.script s where s.began <= ${column} order by s.began desc limit 1)
      where ${column} >= (select min(began) from public.script) and ${column} <= clock_timestamp()`);
  }
  await admin`drop table public.script`;
  await admin`reset session_replication_role`;
}

/** Lets the views of `reporting` take noon for now. */
async function standStill(admin: postgres.Sql): Promise<void> {
  const definitions = await admin<{ text: string }[]>`
    select pg_get_functiondef('reporting.calendar'::regproc) as text
    union all
    select format('create or replace view %s as %s', c.oid::regclass, pg_get_viewdef(c.oid))
    from pg_class c where c.relnamespace = 'reporting'::regnamespace and c.relkind = 'v'`;
  const fixed = definitions.map(({ text }) =>
    text.replace(/\b(now|clock_timestamp)\(\)/gi, `'${NOON}'::timestamptz`),
  );
  for (const text of fixed) await admin.unsafe(text);
}
