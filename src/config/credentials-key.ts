import { randomBytes } from 'node:crypto';
import { invalidSecret } from './settings.js';

const KEY_BYTES = 32;

/** `CREDENTIALS_KEY`: keys of 32 bytes in base64, comma-separated. The value never stands in an error. */
export function parseCredentialsKeys(value: string | null): readonly Buffer[] {
  if (value === null) return [];
  return value
    .split(',')
    .map((part, index, parts) => parseKey(part.trim(), parts.length > 1 ? index + 1 : null));
}

/** A new key as `CREDENTIALS_KEY` takes it. */
export function makeCredentialsKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

function parseKey(text: string, ordinal: number | null): Buffer {
  const which = ordinal === null ? '' : `(number ${ordinal}) `;
  const key = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null;
  if (key?.length === KEY_BYTES) return key;
  const problem = key ? `holds ${key.length} bytes` : 'is not base64';
  return invalidSecret('CREDENTIALS_KEY', `${which}${problem}: make one with \`openssl rand -base64 32\``);
}
