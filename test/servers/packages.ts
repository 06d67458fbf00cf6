import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './guarded.js';

/**
 * Downloads Debian packages and unpacks them into the server's own folder, which it gives. Nothing is installed: no rights are
 * needed, and no service starts. Removes the place where that fails.
 */
export function unpackPackages(place: Place, names: readonly string[], what: string, cure: string): string {
  const apt = join(place.folder, 'apt');
  const root = join(place.folder, 'root');
  const run = (command: string, args: readonly string[]) =>
    execFileSync(command, args, { stdio: 'pipe', timeout: 120_000, ...place.user });
  const options = [
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${apt}`,
    'Debug::NoLocking=1',
  ].flatMap((option) => ['-o', option]);
  try {
    run('mkdir', ['-p', join(apt, 'lists/partial'), join(apt, 'archives/partial')]);
    run('apt-get', [...options, '-qq', 'update']);
    run('apt-get', [
      ...options,
      '-qq',
      '-y',
      '--no-install-recommends',
      '--download-only',
      '--reinstall',
      'install',
      ...names,
    ]);
    const packages = readdirSync(join(apt, 'archives')).filter((name) => name.endsWith('.deb'));
    for (const name of packages) run('dpkg-deb', ['-x', join(apt, 'archives', name), root]);
  } catch (error) {
    rmSync(place.folder, { recursive: true });
    throw new Error(`No ${what} for the tests: ${cure}.`, { cause: error });
  }
  return root;
}

/** Where what was unpacked has its libraries; null on a machine that had them all. */
export function librariesIn(root: string): string | null {
  const lib = join(root, 'usr/lib');
  if (!existsSync(lib)) return null;
  const triplet = readdirSync(lib).find((name) => name.includes('linux-gnu')) ?? '';
  return join(lib, triplet);
}
