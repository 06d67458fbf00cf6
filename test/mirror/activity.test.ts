import { expect, test } from 'vitest';
import { readActivity } from '../../src/mirror/activity.js';
import { openDatabase } from '../../src/mirror/database.js';
import { readEventfulRuns } from '../../src/mirror/run-status.js';
import { openMirror } from './mirror.js';

const SINCE = Date.parse('2026-11-25T12:00:00Z');
const at = (seconds: number) => new Date(SINCE + seconds * 1_000).toISOString();
const micros = (seconds: number) => (SINCE + seconds * 1_000) * 1_000;

test('the runs of a time tell how far the mirror lagged and what was changed, stretch by stretch', async () => {
  const mirror = await openMirror();
  const db = openDatabase(mirror.url, { applicationName: 'taskmirror test', max: 1 });
  const ran = async (began: number, ended: number | null, run: Record<string, unknown>) => {
    const finished_at = ended === null ? null : at(ended);
    await mirror.sql`insert into sync.runs ${mirror.sql({
      connection: 'invoiced',
      kind: 'poll',
      lease: 'poll',
      outcome: ended === null ? null : 'ok',
      started_at: at(began),
      finished_at,
      ...run,
    })}`;
  };
  try {
    await ran(-100, -95, { inserted: 1_000 });
    // 130 s after the start of the one before.
    await ran(20, 30, { inserted: 3, updated: 2, deleted: 1 });
    await ran(40, 50, { outcome: 'failed' });
    await ran(60, 70, { kind: 'push', lease: 'push', pushed: 4 });
    await ran(80, 90, { kind: 'verify', lease: 'walk' });
    // The second stretch: 220 s after the start at 20.
    await ran(200, 240, { kind: 'sweep', lease: 'walk', updated: 7 });
    await ran(250, null, { inserted: 500 });
    await ran(30, 31, { connection: 'freshbooks', updated: 1 });
    expect(await readActivity(db, micros(0), 100)).toEqual([
      {
        connection: 'freshbooks',
        stretch: 0,
        peakSeconds: null,
        pulledAt: micros(30),
        pulled: 1,
        pushed: 0,
      },
      {
        connection: 'invoiced',
        stretch: 0,
        peakSeconds: 130,
        pulledAt: micros(20),
        pulled: 6,
        pushed: 4,
      },
      {
        connection: 'invoiced',
        stretch: 2,
        peakSeconds: 220,
        pulledAt: micros(200),
        pulled: 7,
        pushed: 0,
      },
    ]);
    const eventful = await readEventfulRuns(db, 5);
    expect(eventful.map(({ connection, kind, outcome }) => [connection, kind, outcome])).toEqual([
      ['freshbooks', 'poll', 'ok'],
      ['invoiced', 'poll', null],
      ['invoiced', 'sweep', 'ok'],
      ['invoiced', 'verify', 'ok'],
      ['invoiced', 'push', 'ok'],
    ]);
  } finally {
    await db.close();
    await mirror.close();
  }
});
