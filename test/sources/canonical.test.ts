import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical } from '../../src/sources/canonical.js';
import type { Column, ColumnType, Scalar } from '../../src/sources/source.js';

const column = (type: ColumnType, absent: Scalar = null): Column => ({ name: 'it', type, absent });

describe('money', () => {
  it.each([
    ['50', '50.00'],
    ['50.1', '50.10'],
    ['2.345', '2.35'],
    ['-2.345', '-2.35'],
    ['2.344999999999999999999', '2.34'],
    ['0.005', '0.01'],
    ['-0.004', '0.00'],
    ['-0', '0.00'],
    ['.5', '0.50'],
    ['5.', '5.00'],
    ['+5', '5.00'],
    ['007', '7.00'],
    ['1e3', '1000.00'],
    ['1.2345E1', '12.35'],
    ['5e-3', '0.01'],
    ['4e-3', '0.00'],
    ['1e-300', '0.00'],
    ['99999999999999999999.995', '100000000000000000000.00'],
  ])('%s is %s', (text, money) => {
    expect(canonical(column('money'), text)).toBe(money);
  });

  it.each([
    '',
    ' ',
    '.',
    'e5',
    '1,5',
    '1e',
    'NaN',
    'Infinity',
    '0x10',
    '1e41',
    '1e999',
    '1e9999',
    '1'.repeat(500),
  ])('refuses %j', (text) => {
    expect(() => canonical(column('money'), text)).toThrow(/^it: expected/);
  });

  it('rounds half away from zero as whole cents do, and settles at once', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
        fc.integer({ min: 0, max: 9 }),
        (digits, decimals) => {
          const money = canonical(column('money'), `${digits}e-${decimals}`);
          const cents = BigInt(String(money).replace('.', ''));
          const scale = 10n ** BigInt(decimals);
          const off = digits * 100n - cents * scale;
          const twice = off < 0n ? -off * 2n : off * 2n;
          expect(twice <= scale).toBe(true);
          if (twice === scale) expect(off > 0n).toBe(digits < 0n);
          expect(canonical(column('money'), money)).toBe(money);
        },
      ),
    );
  });
});

describe('instant', () => {
  it.each<[unknown, number]>([
    [1571288400.999, 1571288400],
    [-0.5, -1],
    [new Date('2026-11-01T05:30:00.900Z'), Date.parse('2026-11-01T05:30:00Z') / 1000],
    ['2026-11-01T05:30:00.999999+00:00', Date.parse('2026-11-01T05:30:00Z') / 1000],
    ['2026-11-01 01:30:00.5-04', Date.parse('2026-11-01T05:30:00Z') / 1000],
    ['2026-11-01T11:15:00+05:45', Date.parse('2026-11-01T05:30:00Z') / 1000],
    ['1850-01-01 00:53:28+00:53:28', Date.parse('1850-01-01T00:00:00Z') / 1000],
    ['0001-01-01T00:00:00Z', -62_135_596_800],
    ['9999-12-31T23:59:59.9Z', 253_402_300_799],
  ])('%s is %s', (value, seconds) => {
    expect(canonical(column('instant'), value)).toBe(seconds);
  });

  it.each<[unknown]>([
    ['infinity'],
    ['2026-11-01'],
    ['2026-11-01T05:30:00'],
    ['2026-02-30T00:00:00Z'],
    ['0044-03-15 00:00:00+00 BC'],
    ['10000-01-01T00:00:00Z'],
    [new Date(Number.NaN)],
    [Number.POSITIVE_INFINITY],
    [253_402_300_800],
    [true],
  ])('refuses %s', (value) => {
    expect(() => canonical(column('instant'), value)).toThrow(/^it: expected a time/);
  });
});

describe('the other types', () => {
  it('take what drivers give for a whole number', () => {
    expect(canonical(column('integer'), 12n)).toBe(12);
    expect(canonical(column('integer'), '-12')).toBe(-12);
    expect(Object.is(canonical(column('integer'), -0), 0)).toBe(true);
    for (const value of ['1.5', '9007199254740993', 2n ** 60n, 1.5, Number.NaN, true, '']) {
      expect(() => canonical(column('integer'), value)).toThrow(/^it: expected a whole number/);
    }
  });

  it('take nothing but their own', () => {
    expect(canonical(column('text'), 'a')).toBe('a');
    expect(() => canonical(column('text'), 5)).toThrow('it: expected text, got the number 5');
    expect(canonical(column('boolean'), false)).toBe(false);
    expect(() => canonical(column('boolean'), 'false')).toThrow('it: expected true or false, got a string');
  });

  it('read null as the API shows nothing', () => {
    expect(canonical(column('text'), null)).toBe(null);
    expect(canonical(column('text', ''), null)).toBe('');
    expect(canonical(column('integer', 0), undefined)).toBe(0);
  });
});
