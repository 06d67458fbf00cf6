import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes the secrets that nobody needs to choose: `node dist/docker/secrets.js FILE…` puts 32 random bytes in base64url
 * into each file that is not there yet. What is there stays. A file is whole or missing, whatever is killed when.
 * Everybody may read it, since a database runs under another user: who sees it is decided by who has the volume.
 */
for (const path of process.argv.slice(2)) {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o444, flush: true });
  try {
    // Unlike a rename, a link does not replace what another process has made meanwhile.
    linkSync(draft, path);
    process.stdout.write(`${path}: made.\n`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    process.stdout.write(`${path}: there already.\n`);
  } finally {
    rmSync(draft);
  }
}
