import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  easternDay,
  easternToInstant,
  instantToEastern,
} from '../../../src/sources/freshbooks/eastern-time.js';

const utc = (iso: string) => Date.parse(iso) / 1000;

describe('Eastern wall time', () => {
  it.each([
    ['2017-07-24 09:39:21', '2017-07-24T13:39:21Z', 'summer'],
    ['2026-01-15 12:00:00', '2026-01-15T17:00:00Z', 'winter'],
    ['2026-11-01 00:59:59', '2026-11-01T04:59:59Z', 'the last second before the repeated hour'],
    ['2026-11-01 01:30:00', '2026-11-01T05:30:00Z', 'the earlier reading of the repeated hour'],
    ['2026-11-01 02:00:00', '2026-11-01T07:00:00Z', 'the first second after the repeated hour'],
    ['2026-03-08 01:59:59', '2026-03-08T06:59:59Z', 'the last second before the missing hour'],
    ['2026-03-08 02:30:00', '2026-03-08T07:30:00Z', 'the missing hour, read with the offset before it'],
    ['2026-03-08 03:00:00', '2026-03-08T07:00:00Z', 'the first second after the missing hour'],
    ['1970-01-01 00:00:00', '1970-01-01T05:00:00Z', 'before 1970 in UTC it is not'],
    ['1999-12-31 23:59:59', '2000-01-01T04:59:59Z', 'another year in UTC'],
  ])('%s is %s: %s', (wall, iso) => {
    expect(easternToInstant(wall)).toBe(utc(iso));
  });

  it.each([
    '2026-02-30 00:00:00',
    '2026-13-01 00:00:00',
    '2026-01-01 24:00:00',
    '2026-01-01 00:60:00',
    // Of a day that was read before.
    '2026-01-15 24:00:00',
    '2026-01-15 12:00:60',
    '2026-01-15 12:00:00Z',
    '2026-01-15 12:00',
    '0000-01-01 00:00:00',
    '2026-01-01T00:00:00',
    '2026-01-01 00:00:00Z',
    '2026-01-01',
    '',
  ])('refuses %j', (wall) => {
    expect(() => easternToInstant(wall)).toThrow(/updated: expected a time/);
  });

  it('comes back from every instant but those of the repeated hours', () => {
    const instants = fc.integer({ min: utc('0001-01-02T00:00:00Z'), max: utc('9999-12-31T00:00:00Z') });
    fc.assert(
      fc.property(instants, (instant) => {
        const back = easternToInstant(instantToEastern(instant));
        // In a repeated hour the earlier reading comes back: the same wall time, an hour (in 1883, 3:58) before.
        fc.pre(back === instant || instantToEastern(back) !== instantToEastern(instant));
        expect(back).toBe(instant);
      }),
      { numRuns: 5000 },
    );
  });

  it('reads only the second half of a repeated hour differently from how it was written', () => {
    const start = utc('2026-10-30T00:00:00Z');
    const differing = Array.from({ length: 4 * 24 * 60 }, (_, minute) => start + minute * 60).filter(
      (instant) => easternToInstant(instantToEastern(instant)) !== instant,
    );
    expect(differing.length).toBe(60);
    expect(differing[0]).toBe(utc('2026-11-01T06:00:00Z'));
    expect(differing.map((instant) => easternToInstant(instantToEastern(instant)))).toEqual(
      differing.map((instant) => instant - 3600),
    );
  });

  it('never runs backwards for wall times in order outside the missing hour', () => {
    const years = fc.integer({ min: 1884, max: 2100 });
    fc.assert(
      fc.property(years, fc.integer({ min: 0, max: 365 * 24 }), (year, hour) => {
        const wall = (hours: number) =>
          new Date(Date.UTC(year, 0, 1, hours)).toISOString().slice(0, 19).replace('T', ' ');
        const step = easternToInstant(wall(hour + 1)) - easternToInstant(wall(hour));
        expect([0, 3600, 7200]).toContain(step);
      }),
      { numRuns: 1000 },
    );
  });

  it('knows the day in New York, and days around it', () => {
    expect(easternDay(utc('2026-07-01T03:59:59Z'))).toBe('2026-06-30');
    expect(easternDay(utc('2026-07-01T04:00:00Z'))).toBe('2026-07-01');
    expect(easternDay(utc('2026-01-01T05:00:00Z'), -1)).toBe('2025-12-31');
    // 25 hours long.
    expect(easternDay(utc('2026-11-02T04:59:59Z'), -1)).toBe('2026-10-31');
    expect(easternDay(utc('2026-11-02T05:00:00Z'), -1)).toBe('2026-11-01');
  });
});
