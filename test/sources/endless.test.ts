import { expect, test } from 'vitest';
import { endlessGuard } from '../../src/sources/endless.js';
import type { Json } from '../../src/sources/source.js';

/** The number of the page at which the guard ends the listing; null when it lets all of them pass. */
function endOf(pages: Iterable<readonly Json[]>): number | null {
  const guard = endlessGuard('invoiced');
  let number = 0;
  for (const rows of pages) {
    number += 1;
    try {
      guard(rows);
    } catch (error) {
      expect(error).toMatchObject({
        kind: 'unreadable',
        message: expect.stringMatching(/^invoiced listing: /),
      });
      return number;
    }
  }
  return null;
}

const page = (number: number): readonly Json[] =>
  Array.from({ length: 3 }, (_, index) => ({ id: number * 10 + index }));

function* round(period: number, changed = false): Generator<readonly Json[]> {
  for (let number = 0; number < 1_000; number++) {
    const rows = page(number % period);
    yield changed ? rows.map((row) => ({ ...(row as object), seen: number })) : rows;
  }
}

test.each([1, 2, 3, 7, 100])(
  'pages that come round after %i end the listing, whatever else changes',
  (period) => {
    const end = endOf(round(period));
    expect(end).toBeGreaterThan(2 * period);
    expect(end).toBeLessThanOrEqual(7 * period);
    expect(endOf(round(period, true))).toBe(end);
  },
);

test('a listing that begins anew after some pages is ended too', () => {
  function* pages(): Generator<readonly Json[]> {
    for (let number = 0; number < 40; number++) yield page(number);
    yield* round(3);
  }
  expect(endOf(pages())).not.toBeNull();
});

test('a page that comes twice, since its rows moved, ends nothing, and neither do rows that are no tasks', () => {
  expect(endOf([page(1), page(1), page(2), page(2), page(3)])).toBeNull();
  expect(endOf([[null, 1, 'a'], [[], {}], [{ id: 'x' }], []])).toBeNull();
});

test('a listing longer than any account is ended', () => {
  function* pages(): Generator<readonly Json[]> {
    for (let id = 0; ; id++) yield [{ id }];
  }
  expect(endOf(pages())).toBe(100_001);
});
