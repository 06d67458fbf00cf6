import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { TaskmirrorError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import { type Binaries, findBinaries } from './binaries.js';
import { copiesFolder, findOrMakeHome, type Home } from './home.js';
import { endOfLog, launch, type Postmaster, runningPostmaster, stopPostmaster } from './postmaster.js';
import { databaseUrl, joinUsers, type Membership } from './users.js';

export interface Embedded {
  /** Of a database that this process may do anything with, on loopback. */
  readonly url: string;
  /** Stops the server, unless another process still uses it. Close your own connections first. */
  close(): Promise<void>;
}

const START_MS = 60_000;
const STOP_MS = 30_000;
const LAUNCHES = 4;

/**
 * A PostgreSQL of our own with its data under `folder`: found if it runs (another process uses it, or one was killed),
 * else started. Any number of processes may open and close it at once.
 */
export async function openEmbedded(folder: string, runtime: Runtime, log: Logger): Promise<Embedded> {
  const home = await findOrMakeHome(folder, runtime, log);
  const { url, membership } = await connect(home, runtime, log);
  let closing: Promise<void> | undefined;
  return {
    url,
    close: () => {
      closing ??= leave(home, membership, runtime, log);
      return closing;
    },
  };
}

/** Until we are among the server's users: starts it where it is missing, waits where it comes or goes. */
async function connect(
  home: Home,
  runtime: Runtime,
  log: Logger,
): Promise<{ url: string; membership: Membership }> {
  const end = runtime.now() + START_MS;
  let launched: { readonly ended: () => boolean } | null = null;
  for (let launches = 0; runtime.now() < end; ) {
    const postmaster = await runningPostmaster(home.data);
    if (postmaster?.ready) {
      const membership = await joinUsers(home.password, postmaster.port);
      if (membership) return { url: databaseUrl(home.password, postmaster.port), membership };
    } else if (!postmaster && (launched === null || launched.ended())) {
      if (launches >= LAUNCHES) break;
      launches += 1;
      // What was killed a moment ago may still hold the data.
      if (launches > 1) await runtime.sleep(100 * 2 ** launches);
      launched = await launch(home, await binariesFor(home, runtime), log);
    }
    await runtime.sleep(20);
  }
  throw new TaskmirrorError(
    'unavailable',
    `The embedded PostgreSQL in ${home.path} does not start (${await endOfLog(home)}): correct that, or set DATABASE_URL.`,
  );
}

/** Data is bound to a major version: a newer one must not touch it. */
async function binariesFor(home: Home, runtime: Runtime): Promise<Binaries> {
  const binaries = await findBinaries(await copiesFolder(home.folder), runtime);
  const major = Number.parseInt(await readFile(join(home.data, 'PG_VERSION'), 'utf8'), 10);
  if (major === binaries.major) return binaries;
  throw new TaskmirrorError(
    'configuration',
    `The data in ${home.path} was made by PostgreSQL ${major}, and PostgreSQL ${binaries.major} is installed: remove the folder to begin anew, or set DATABASE_URL.`,
  );
}

async function leave(home: Home, membership: Membership, runtime: Runtime, log: Logger): Promise<void> {
  if (!(await membership.isLast())) return membership.end();
  const postmaster = await runningPostmaster(home.data);
  // Nobody can join while we hold the users' lock, so nobody is cut off.
  if (postmaster) await stop(postmaster, runtime, log);
  await membership.end();
}

async function stop(postmaster: Postmaster, runtime: Runtime, log: Logger): Promise<void> {
  const { ended } = stopPostmaster(postmaster);
  const end = runtime.now() + STOP_MS;
  while (!(await ended())) {
    if (runtime.now() > end) {
      log.warn(
        { pid: postmaster.pid },
        'the embedded PostgreSQL is slow to stop; leaving it to finish by itself',
      );
      return;
    }
    await runtime.sleep(20);
  }
  log.debug({ pid: postmaster.pid }, 'embedded PostgreSQL stopped');
}
