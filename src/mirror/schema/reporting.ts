import { sql } from 'drizzle-orm';
import { boolean, check, pgSchema, text } from 'drizzle-orm/pg-core';

export const reporting = pgSchema('reporting');

/** One row: what "today" and "this week" mean in the views. */
export const settings = reporting.table(
  'settings',
  {
    single: boolean('single').primaryKey().default(true),
    timeZone: text('time_zone').notNull().default('UTC'),
    weekStart: text('week_start').notNull().default('monday'),
  },
  (t) => [
    check('settings_single', sql`${t.single}`),
    check(
      'settings_week_start',
      sql`${t.weekStart} in ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday')`,
    ),
  ],
);
