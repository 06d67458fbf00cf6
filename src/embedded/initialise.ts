import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TaskmirrorError } from '../errors.js';
import type { Binaries } from './binaries.js';
import type { OsUser } from './os-user.js';
import { OWNER } from './users.js';

/** Fills a new home: the data, owned by the user that runs the server, and the password, readable by us alone. */
export async function initialise(home: string, { initdb }: Binaries, user: OsUser): Promise<void> {
  const data = join(home, 'data');
  const password = join(home, 'password');
  await mkdir(data, { mode: 0o700 });
  await writeFile(password, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600, flush: true });
  if ('uid' in user) await Promise.all([data, password].map((path) => chown(path, user.uid, user.gid)));
  try {
    await promisify(execFile)(initdb, [...OPTIONS, '-D', data, '--pwfile', password], {
      cwd: data,
      env: { LC_ALL: 'C' },
      ...user,
    });
  } catch (cause) {
    throw new TaskmirrorError(
      'unavailable',
      `The embedded PostgreSQL can't be set up (${complaintOf(cause)}): correct that, or set DATABASE_URL.`,
      { cause },
    );
  }
  if ('uid' in user) await chown(password, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
}

/** Its own locale provider, so that text sorts the same on every machine. */
const OPTIONS = [
  `--username=${OWNER}`,
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
];

function complaintOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = 'stderr' in error ? String(error.stderr).trim().split('\n') : [];
  return said.find((line) => /error|fatal|cannot/i.test(line)) ?? said.at(-1) ?? error.message;
}
