import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How to run the command line: what `npm test` has built; the source itself, which starts slower, where it is newer. */
export function programOf(): readonly string[] {
  const built = join(ROOT, 'dist/main.js');
  if (changedAt(built) >= newestUnder(join(ROOT, 'src'))) return [built];
  return ['--import', join(ROOT, 'test/daemon/from-source.mjs'), join(ROOT, 'src/main.ts')];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function newestUnder(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Math.max(...names.map((name) => changedAt(join(folder, name))));
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
