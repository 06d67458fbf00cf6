import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Runtime } from '../runtime.js';

const ABANDONED_MS = 600_000;

/**
 * Makes a folder whole or not at all: under another name first, so that a crash leaves nothing half done at `path`.
 * Where several processes do so at once, the first one's stays. Does nothing if it is there already.
 */
export async function makeWhole(
  path: string,
  runtime: Runtime,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  if (await exists(path)) return;
  await removeAbandoned(path, runtime.now() - ABANDONED_MS);
  const folder = `${path}.new-${randomBytes(6).toString('hex')}`;
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  try {
    await fill(folder);
    await rename(folder, path);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (!(await exists(path))) throw error;
  }
}

/** What crashed processes left; a live one is done within seconds. */
async function removeAbandoned(path: string, before: number): Promise<void> {
  const prefix = `${basename(path)}.new-`;
  const names = await readdir(dirname(path)).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
    const abandoned = join(dirname(path), name);
    const made = await stat(abandoned).catch(() => null);
    if (made && made.mtimeMs < before) await rm(abandoned, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
