import { expect, test } from 'vitest';
import { isShort as isShortOfFreshbooks, type Listing } from '../../src/sources/freshbooks/listing.js';
import type { HttpAnswer } from '../../src/sources/http/http.js';
import { isShort as isShortOfInvoiced } from '../../src/sources/invoiced/listing.js';

const rows = (count: number) => Array.from({ length: count }, () => ({}));

test.each([
  { count: 5, page: 1, total: 5, short: false },
  { count: 4, page: 1, total: 5, short: true },
  { count: 0, page: 1, total: 5, short: true },
  { count: 100, page: 1, total: 130, short: false },
  { count: 99, page: 1, total: 130, short: true },
  { count: 30, page: 2, total: 130, short: false },
  { count: 29, page: 2, total: 130, short: true },
  { count: 0, page: 3, total: 130, short: false },
  { count: 0, page: 1, total: null, short: false },
])('FreshBooks: $count rows on page $page of $total', ({ count, page, total, short }) => {
  const answer: HttpAnswer = {
    status: 200,
    json: null,
    header: () => null,
    requestedAt: 0,
    arrival: async () => 0,
    serverTime: null,
  };
  const listing: Listing = { answer, rows: rows(count), pages: 1, total };
  expect(isShortOfFreshbooks(listing, page)).toBe(short);
});

test.each([
  { count: 5, page: 1, total: 5, more: false, short: false },
  { count: 4, page: 1, total: 5, more: false, short: true },
  { count: 99, page: 1, total: 130, more: true, short: true },
  // Past page 1 the total may be old: what counts is whether another page follows.
  { count: 30, page: 2, total: 999, more: false, short: false },
  { count: 100, page: 2, total: 250, more: true, short: false },
  { count: 99, page: 2, total: 250, more: true, short: true },
  { count: 0, page: 2, total: 250, more: true, short: true },
])('Invoiced: $count rows on page $page of $total, more: $more', ({ count, page, total, more, short }) => {
  expect(isShortOfInvoiced(rows(count), page, total, more)).toBe(short);
});
