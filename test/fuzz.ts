import fc from 'fast-check';

/**
 * The runs and the seed of a property over hostile values. A failure prints its seed and path; `FUZZ_SEED=… FUZZ_PATH=…` replays it,
 * and `FUZZ_RUNS=100000` looks longer.
 */
export function fuzzing(runs: number): fc.Parameters<unknown> {
  const { FUZZ_SEED: seed, FUZZ_PATH: path, FUZZ_RUNS: more } = process.env;
  return {
    numRuns: more ? Number(more) : runs,
    ...(seed && { seed: Number(seed) }),
    ...(path && { path }),
  };
}

/** Texts as they should never come: every code unit, and what has broken parsers, terminals and databases before. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '\ud800',
    '\udc00\ud800',
    '\x1b[2J\x1b]0;title\x07',
    '\u009b2J',
    '\u202eevil\u2069',
    'a\r\nb\u2028c\u0085d',
    '__proto__',
    'constructor',
    'toString',
    "'; DROP TABLE invoiced.tasks; --",
    '<script>alert(1)</script>',
    '1e3',
    '-0.00',
    '12345678901234567890',
    '0.1234567890123456789',
    '1e-999999',
    '9'.repeat(41),
    'NaN',
    'Infinity',
    '0000-00-00 00:00:00',
    '0001-01-01 00:00:00',
    '9999-12-31 23:59:59',
    '2026-11-01 01:30:00',
    '2026-03-08 02:30:00',
    'x'.repeat(100_000),
  ),
);

export const hostileNumber: fc.Arbitrary<number> = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1, -1, 1.5, 2 ** 31, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 2 ** 63, 1e300, 5e-324),
  fc.constantFrom(-62_135_596_801, -62_135_596_800, 253_402_300_799, 253_402_300_800),
);

/** Any JSON, with keys that are no names. */
export const hostileJson = fc.letrec<{ json: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(fc.constant(null), fc.boolean(), hostileNumber, hostileText),
  json: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    tie('leaf'),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(hostileText, tie('json'), { maxKeys: 4 }),
  ),
})).json;
