import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainJson, printable } from '../src/printable.js';
import { fuzzing, hostileJson, hostileText } from './fuzz.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const COMMANDING = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

test('what is shown to a person commands nothing, and no letter of any script is lost', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      expect(printable(text)).not.toMatch(COMMANDING);
      expect(printable(text)).toHaveLength(text.length);
    }),
    fuzzing(1_000),
  );
  for (const text of ['Grüße 🎉', 'עברית', 'می‌خواهم', '👨‍👩‍👧', '日本語']) expect(printable(text)).toBe(text);
});

test('plain JSON means the same, and commands nothing either', () => {
  fc.assert(
    fc.property(hostileJson, (json) => {
      for (const text of [JSON.stringify(json), JSON.stringify(json, null, 2)]) {
        const plain = plainJson(text);
        expect(JSON.parse(plain)).toEqual(JSON.parse(text));
        expect(plain.replaceAll('\n', '')).not.toMatch(COMMANDING);
      }
    }),
    fuzzing(500),
  );
});
