import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a user finds Node and this project. */
export interface Ground {
  readonly node: string;
  readonly root: string;
  remove(): void;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** This project itself, or a copy of what an embedded server needs where it lies in a folder that the user can't enter. */
export function groundFor(user: { readonly uid: number; readonly gid: number }): Ground {
  const can = (flag: string, path: string) =>
    spawnSync('test', [flag, path], { cwd: '/', ...user }).status === 0;
  const enterable = can('-r', join(ROOT, 'package.json'));
  const runnable = can('-x', process.execPath);
  if (enterable && runnable) return { node: process.execPath, root: ROOT, remove: () => {} };

  const copy = mkdtempSync(join(tmpdir(), 'taskmirror-ground-'));
  for (const path of ['package.json', 'src', 'test/embedded', ...packages()]) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(ROOT, path), join(copy, path), { recursive: true, dereference: true });
  }
  const node = join(copy, 'node');
  if (!runnable) copyFileSync(process.execPath, node);
  chmodSync(copy, 0o755);
  spawnSync('chmod', ['-R', 'a+rX', copy]);
  return {
    node: runnable ? process.execPath : node,
    root: copy,
    remove: () => rmSync(copy, { recursive: true }),
  };
}

/** The folders of what the project depends on at work, and of tsx. */
function packages(): readonly string[] {
  const found = new Set<string>();
  const follow = (folder: string) => {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(ROOT, folder, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string> | undefined>;
    const names = Object.keys({ ...dependencies, ...optionalDependencies });
    for (const name of folder === '.' ? [...names, 'tsx'] : names) {
      const path = join('node_modules', name);
      if (found.has(path) || !existsSync(join(ROOT, path))) continue;
      found.add(path);
      follow(path);
    }
  };
  follow('.');
  return [...found];
}
