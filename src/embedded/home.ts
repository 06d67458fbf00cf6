import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, realpath, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { TaskmirrorError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import { findBinaries } from './binaries.js';
import { initialise } from './initialise.js';
import { makeWhole } from './make-whole.js';
import { findUnprivilegedUser, isRoot, type OsUser } from './os-user.js';

/** Where one server lives. All paths are real: no symbolic link is left in them. */
export interface Home {
  /** The folder that `openEmbedded` was given. */
  readonly folder: string;
  readonly path: string;
  readonly data: string;
  readonly log: string;
  readonly password: string;
  readonly user: OsUser;
}

/** Root's servers run as another user, who may not be able to enter the folders of people: they live here. */
const SYSTEM_FOLDER = '/var/lib/taskmirror';

/** The home under `folder`, made and initialised if it is missing. */
export async function findOrMakeHome(folder: string, runtime: Runtime, log: Logger): Promise<Home> {
  await mkdir(folder, { recursive: true });
  const place = join(await realpath(folder), 'postgres');
  if (!(await isThere(place, log))) {
    log.info({ path: place }, 'preparing an embedded PostgreSQL');
    await (isRoot() ? makeForRoot(place, runtime) : makeInPlace(place, runtime));
  }
  return enter(folder, place);
}

/** Where the binaries' copies go: near the data, and where those who run them may go. */
export async function copiesFolder(folder: string): Promise<string> {
  return isRoot() ? systemFolder() : realpath(folder);
}

async function makeInPlace(place: string, runtime: Runtime): Promise<void> {
  const binaries = await findBinaries(await copiesFolder(join(place, '..')), runtime);
  await makeWhole(place, runtime, (home) => initialise(home, binaries, {}));
}

async function makeForRoot(place: string, runtime: Runtime): Promise<void> {
  const user = await findUnprivilegedUser();
  const system = await systemFolder();
  const binaries = await findBinaries(system, runtime);
  const home = join(system, randomBytes(8).toString('hex'));
  await makeWhole(home, runtime, (made) => initialise(made, binaries, user));
  try {
    await symlink(home, place);
  } catch (error) {
    await rm(home, { recursive: true });
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

async function enter(folder: string, place: string): Promise<Home> {
  const path = await realpath(place);
  const data = join(path, 'data');
  const { uid, gid } = await stat(data);
  if (!isRoot() && uid !== process.getuid?.()) {
    throw new TaskmirrorError(
      'configuration',
      `The embedded PostgreSQL in ${place} belongs to another user (number ${uid}): run as that user or as root, or set DATABASE_URL.`,
    );
  }
  const password = await readFile(join(path, 'password'), 'utf8').catch((cause) => {
    throw new TaskmirrorError(
      'configuration',
      `The password of the embedded PostgreSQL in ${place} can't be read: put the file back, or remove the folder to begin anew.`,
      { cause },
    );
  });
  return {
    folder,
    path,
    data,
    log: join(path, 'server.log'),
    password: password.trim(),
    user: isRoot() ? { uid, gid } : {},
  };
}

/** A link to a home that was removed is as good as none. */
async function isThere(place: string, log: Logger): Promise<boolean> {
  const found = await lstat(place).catch(() => null);
  if (!found) return false;
  try {
    await stat(place);
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  log.warn({ path: place }, 'the data of the embedded PostgreSQL is gone; beginning anew');
  await rm(place, { force: true });
  return false;
}

async function systemFolder(): Promise<string> {
  try {
    const made = await mkdir(SYSTEM_FOLDER, { recursive: true });
    if (made) await chmod(SYSTEM_FOLDER, 0o755);
    return SYSTEM_FOLDER;
  } catch (cause) {
    throw new TaskmirrorError(
      'configuration',
      `As root the embedded PostgreSQL lives in ${SYSTEM_FOLDER}, which can't be made: set DATABASE_URL, or use another user.`,
      { cause },
    );
  }
}
