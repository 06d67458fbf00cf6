import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSealer } from '../../src/mirror/sealing.js';

const [old, current, other] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const;

const wrongKey = {
  code: 'configuration',
  message: expect.stringMatching(/^CREDENTIALS_KEY does not open the stored credentials: give the key/),
};

test('any text comes back as it was sealed', () => {
  const sealer = createSealer([current]);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(sealer.open(sealer.seal(text))).toBe(text);
    }),
  );
});

test('the same text is sealed differently each time, and cannot be read', () => {
  const sealer = createSealer([current]);
  const [one, two] = [sealer.seal('refresh-token'), sealer.seal('refresh-token')];
  expect(one).not.toBe(two);
  for (const encoding of ['utf8', 'base64url', 'hex'] as const) {
    expect(one).not.toContain(Buffer.from('refresh-token').toString(encoding));
  }
});

test('while the key changes, the new one writes and both read', () => {
  const stored = createSealer([old]).seal('secret');
  const both = createSealer([current, old]);
  expect(both.open(stored)).toBe('secret');
  expect(createSealer([current]).open(both.seal('secret'))).toBe('secret');
  expect(() => createSealer([old]).open(both.seal('secret'))).toThrow(expect.objectContaining(wrongKey));
});

test('a wrong key is named, with the cure and without a secret', () => {
  const stored = createSealer([current]).seal('secret');
  const error = errorOf(() => createSealer([other]).open(stored));
  expect(error).toMatchObject(wrongKey);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret');
});

test('one bit changed anywhere, and nothing is opened', () => {
  const sealer = createSealer([current]);
  const nothing = expect.objectContaining(wrongKey);
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 2, max: 4 }), fc.nat(), (text, part, at) => {
      const parts = sealer.seal(text).split('.');
      const bytes = Buffer.from(parts[part] ?? '', 'base64url');
      const place = at % (bytes.length * 8);
      bytes.writeUInt8(bytes.readUInt8(place >> 3) ^ (1 << (place & 7)), place >> 3);
      parts[part] = bytes.toString('base64url');
      expect(() => sealer.open(parts.join('.'))).toThrow(nothing);
    }),
  );
});

test.each([
  ['nothing', ''],
  ['what was stored in the open', '{"refreshToken":"secret"}'],
  ['a text that is cut', createSealer([current]).seal('secret').slice(0, 40)],
  ['a shorter seal', shortTag(createSealer([current]).seal('secret'))],
  ['a later version', createSealer([current]).seal('secret').replace('v1', 'v2')],
])('%s is not opened', (_what, sealed) => {
  expect(() => createSealer([current]).open(sealed)).toThrow(expect.objectContaining(wrongKey));
});

test('without a key nothing is stored', () => {
  expect(() => createSealer([])).toThrow(
    expect.objectContaining({
      code: 'configuration',
      message: expect.stringMatching(/^CREDENTIALS_KEY is missing.*openssl rand -base64 32$/),
    }),
  );
});

/** GCM's tag may be shorter by its standard, and then easily forged. */
function shortTag(sealed: string): string {
  const parts = sealed.split('.');
  parts[3] = Buffer.from(parts[3] ?? '', 'base64url')
    .subarray(0, 4)
    .toString('base64url');
  return parts.join('.');
}

function errorOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
