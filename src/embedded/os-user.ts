import { readFile } from 'node:fs/promises';
import { TaskmirrorError } from '../errors.js';

/** As whom PostgreSQL runs; nothing stands for this process's own user. */
export type OsUser = { readonly uid: number; readonly gid: number } | Record<string, never>;

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** PostgreSQL refuses to run as root. These users exist nearly everywhere, and none has to be made. */
export async function findUnprivilegedUser(): Promise<OsUser> {
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const [, , uid, gid] = users.find(([candidate]) => candidate === name) ?? [];
    if (Number(uid) > 0 && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new TaskmirrorError(
    'configuration',
    'The embedded PostgreSQL can not run as root, and there is neither a user postgres nor nobody: use another user, or set DATABASE_URL.',
  );
}
