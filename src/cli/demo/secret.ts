import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeCredentialsKey } from '../../config/credentials-key.js';

/** The demo's `CREDENTIALS_KEY`: made once, readable by this user alone. */
export async function findOrMakeKey(path: string): Promise<string> {
  const kept = await readFile(path, 'utf8').catch(() => null);
  if (kept !== null) return kept.trim();
  const key = makeCredentialsKey();
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${key}\n`, { mode: 0o600, flush: true });
  return key;
}
