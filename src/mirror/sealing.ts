import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { TaskmirrorError } from '../errors.js';

/** Seals secrets for storage under CREDENTIALS_KEY: the first key writes, all keys read. */
export interface Sealer {
  seal(plain: string): string;
  open(sealed: string): string;
  /** Whether it was sealed with the first key. */
  isCurrent(sealed: string): boolean;
}

/** `keys` are 32 bytes each. AES-256-GCM; the sealed text names the key by a hash, so that the right one is found. */
export function createSealer(keys: readonly Uint8Array[]): Sealer {
  const [first] = keys;
  if (first === undefined) {
    throw new TaskmirrorError(
      'configuration',
      'CREDENTIALS_KEY is missing: credentials are only stored encrypted. Make one with: openssl rand -base64 32',
    );
  }
  return {
    seal: (plain) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', first, nonce);
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return [
        'v1',
        keyId(first),
        ...[nonce, cipher.getAuthTag(), text].map((part) => part.toString('base64url')),
      ].join('.');
    },
    open: (sealed) => {
      const [version, id, ...parts] = sealed.split('.');
      const [nonce, tag, text] = parts.map((part) => Buffer.from(part, 'base64url'));
      const key = keys.find((candidate) => keyId(candidate) === id);
      if (version !== 'v1' || key === undefined || !nonce || !tag || !text) throw wrongKey();
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
        decipher.setAuthTag(tag);
        return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw wrongKey(cause);
      }
    },
    isCurrent: (sealed) => sealed.split('.')[1] === keyId(first),
  };
}

const keyId = (key: Uint8Array): string => createHash('sha256').update(key).digest('hex').slice(0, 8);

const wrongKey = (cause?: unknown): TaskmirrorError =>
  new TaskmirrorError(
    'configuration',
    'CREDENTIALS_KEY does not open the stored credentials: give the key that they were stored with (old and new, comma-separated, while you change it).',
    { cause },
  );
