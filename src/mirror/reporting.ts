import { sql } from 'drizzle-orm';
import { TaskmirrorError } from '../errors.js';
import type { Executor } from './database.js';

/** What "today" and "this week" mean in the views of `reporting`. */
export interface ReportingSettings {
  /** By its name in the time zone database: America/Toronto. */
  readonly timeZone: string;
  /** In English and small letters: monday. */
  readonly weekStart: string;
}

/** Writes the settings where they differ from what stands. Throws TaskmirrorError for a time zone that PostgreSQL doesn't know. */
export async function saveReportingSettings(
  db: Executor,
  { timeZone, weekStart }: ReportingSettings,
): Promise<void> {
  try {
    await db.rows(sql`
      insert into reporting.settings (time_zone, week_start)
      select z.name, ${weekStart}::text from (values (${timeZone}::text)) z (name) where now() at time zone z.name is not null
      on conflict (single) do update set time_zone = excluded.time_zone, week_start = excluded.week_start
      where (settings.time_zone, settings.week_start) is distinct from (excluded.time_zone, excluded.week_start)`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === INVALID_PARAMETER_VALUE)) throw error;
    throw new TaskmirrorError(
      'configuration',
      `REPORTING_TIME_ZONE=${timeZone} is not known to the database: use a name from pg_timezone_names.`,
      { cause: error },
    );
  }
}

const INVALID_PARAMETER_VALUE = '22023';
