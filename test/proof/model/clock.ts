import postgres from 'postgres';

/**
 * Gives a migrated test database a clock that stands still and is wound: `clock_timestamp()` reads a sequence, which no transaction
 * holds back, and each reading is a microsecond later than the last. The schema stands before pg_catalog on every path by which the
 * mirror's statements, functions and defaults look for it. One of kind `running` goes on by itself, and is wound ahead.
 */
export async function installClock(url: string, kind: keyof typeof NOW = 'standing'): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(`
      create schema model_clock;
      create sequence model_clock.tick;
      create function model_clock.clock_timestamp() returns timestamptz language sql volatile
        as $$ select ${NOW[kind]} * interval '1 microsecond' $$;
      do $$
      declare
        each record;
      begin
        for each in
          select p.oid::regprocedure as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          where n.nspname in (${SCHEMAS}) and p.prosrc ~ 'clock_timestamp' and p.proconfig is not null
        loop
          execute format('alter function %s set search_path = model_clock, pg_catalog', each.name);
        end loop;
        for each in
          select c.oid::regclass as relation, a.attname as column from pg_attrdef d
          join pg_class c on c.oid = d.adrelid join pg_namespace n on n.oid = c.relnamespace
          join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
          where n.nspname in (${SCHEMAS}) and pg_get_expr(d.adbin, d.adrelid) = 'clock_timestamp()'
        loop
          execute format('alter table %s alter column %I set default model_clock.clock_timestamp()', each.relation, each.column);
        end loop;
        execute format('alter database %I set search_path = model_clock, pg_catalog, "$user", public', current_database());
      end $$;`);
  } finally {
    await sql.end();
  }
}

/** A running one goes with the server's, as many microseconds ahead as it was wound. */
const NOW = {
  standing: "timestamptz 'epoch' + nextval('model_clock.tick')",
  running: 'pg_catalog.clock_timestamp() + (select last_value - 1 from model_clock.tick)',
};

const SCHEMAS = `'sync', 'invoiced', 'freshbooks', 'reporting'`;
