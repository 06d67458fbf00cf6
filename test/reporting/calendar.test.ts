import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/mirror/database.js';
import { saveReportingSettings } from '../../src/mirror/reporting.js';
import { type Desk, openDesk } from './desk.js';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.close());

async function calendar(at: string): Promise<Record<string, string>> {
  const [row] = await desk.sql`
    select to_char(today at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as today,
      to_char(tomorrow at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as tomorrow,
      to_char(this_week at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as this_week,
      to_char(next_week at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as next_week,
      to_char(last_30_days at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as last_30_days
    from reporting.calendar(${at})`;
  return { ...row };
}

test('a day is that of the reporting time zone, whatever the server’s is', async () => {
  await desk.sql`set time zone 'Asia/Tokyo'`;
  await desk.settings('America/Toronto', 'monday');
  // Wednesday, 25 November 2026, 22:30 in Toronto; already Thursday in UTC.
  expect(await calendar('2026-11-26T03:30:00Z')).toEqual({
    today: '2026-11-25 05:00',
    tomorrow: '2026-11-26 05:00',
    this_week: '2026-11-23 05:00',
    next_week: '2026-11-30 05:00',
    last_30_days: '2026-10-27 04:00',
  });
});

test('the day on which clocks change has 25 hours, or 23', async () => {
  await desk.settings('America/Toronto', 'monday');
  expect(await calendar('2026-11-01T12:00:00Z')).toMatchObject({
    today: '2026-11-01 04:00',
    tomorrow: '2026-11-02 05:00',
  });
  expect(await calendar('2026-03-08T12:00:00Z')).toMatchObject({
    today: '2026-03-08 05:00',
    tomorrow: '2026-03-09 04:00',
  });
});

test.each([
  ['monday', '2026-11-23', '2026-11-30'],
  ['tuesday', '2026-11-24', '2026-12-01'],
  ['wednesday', '2026-11-25', '2026-12-02'],
  ['thursday', '2026-11-19', '2026-11-26'],
  ['sunday', '2026-11-22', '2026-11-29'],
])('a week that starts on %s', async (day, from, to) => {
  await desk.settings('UTC', day);
  // A Wednesday.
  expect(await calendar('2026-11-25T10:00:00Z')).toMatchObject({
    this_week: `${from} 00:00`,
    next_week: `${to} 00:00`,
  });
});

test('the settings are written where they differ, and one that the database does not know is refused', async () => {
  const db = openDatabase(desk.url, { applicationName: 'taskmirror test', max: 1 });
  const version = async () => {
    const [row] = await desk.sql`select xmin::text as version, time_zone, week_start from reporting.settings`;
    return row;
  };
  try {
    await saveReportingSettings(db, { timeZone: 'Europe/Berlin', weekStart: 'sunday' });
    const before = await version();
    expect(before).toMatchObject({ time_zone: 'Europe/Berlin', week_start: 'sunday' });
    await saveReportingSettings(db, { timeZone: 'Europe/Berlin', weekStart: 'sunday' });
    expect(await version()).toEqual(before);
    await expect(
      saveReportingSettings(db, { timeZone: 'Mars/Olympus', weekStart: 'sunday' }),
    ).rejects.toThrow(
      'REPORTING_TIME_ZONE=Mars/Olympus is not known to the database: use a name from pg_timezone_names.',
    );
    expect(await version()).toEqual(before);
  } finally {
    await db.close();
  }
});
