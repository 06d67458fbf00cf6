import { describe, expect, it } from 'vitest';
import { easternWall, formatWall, parseDay } from '../../../src/sandbox/freshbooks/wall-time.js';
import { serveFreshBooks } from './serve.js';

const eastern = (time: string) => formatWall(easternWall(Date.parse(time)));

describe('Eastern wall time', () => {
  it.each([
    ['2017-07-24T13:39:21Z', '2017-07-24 09:39:21'],
    ['2026-01-15T00:00:00Z', '2026-01-14 19:00:00'],
    ['2026-07-01T03:59:59.999Z', '2026-06-30 23:59:59'],
    ['1999-12-31T12:00:00Z', '1999-12-31 07:00:00'],
    ['1969-12-31T12:00:59Z', '1969-12-31 07:00:59'],
    ['1890-03-01T04:59:59Z', '1890-02-28 23:59:59'],
  ])('shows %s as %s', (instant, wall) => {
    expect(eastern(instant)).toBe(wall);
  });

  it('reads the same twice in the hour that November repeats', () => {
    expect(eastern('2026-11-01T05:30:00Z')).toBe('2026-11-01 01:30:00');
    expect(eastern('2026-11-01T06:30:00Z')).toBe('2026-11-01 01:30:00');
    expect(eastern('2026-11-01T07:00:00Z')).toBe('2026-11-01 02:00:00');
  });

  it('never shows the hour that March leaves out', () => {
    const start = Date.parse('2026-03-08T06:00:00Z');
    const shown = Array.from({ length: 240 }, (_, minute) =>
      formatWall(easternWall(start + minute * 60_000)),
    );
    expect(shown.filter((wall) => wall.startsWith('2026-03-08 02'))).toEqual([]);
    expect(shown[59]).toBe('2026-03-08 01:59:00');
    expect(shown[60]).toBe('2026-03-08 03:00:00');
  });

  it.each(['2026-02-29', '2026-6-1', '2026-06-01 00:00:00', '2026-06-01T00:00:00Z', 'yesterday', ''])(
    'takes "%s" for no day',
    (text) => {
      expect(parseDay(text)).toBeNull();
    },
  );
});

describe('updated', () => {
  it('runs backwards while November repeats an hour, and the day still finds both edits', async () => {
    await using served = await serveFreshBooks();
    const { people } = served.api;
    served.setClock('2026-11-01T05:59:00Z');
    const first = people.createTask({ name: 'before the hour is repeated' });
    served.setClock('2026-11-01T06:01:00Z');
    const second = people.createTask({ name: 'two minutes later' });
    expect([first.updated, second.updated]).toEqual(['2026-11-01 01:59:00', '2026-11-01 01:01:00']);
    const { body } = await served.call('GET', 'tasks?search[updated_min]=2026-11-01');
    expect(body.response.result.total).toBe(2);
  });
});
