import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Mutation, mutate } from './mutation.js';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A copy of the project in which lines may be taken away; the working tree is never touched. */
export interface Copy {
  readonly folder: string;
  /** Does something while the mutation is in force, and puts the file back. */
  under<T>(mutation: Mutation, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** What git knows of the project, with changes that are not committed, and the packages by a link. */
export async function copyProject(): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), 'taskmirror-mutations-'));
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const { stdout } = await promisify(execFile)('git', listed, { cwd: ROOT, maxBuffer: 2 ** 26 });
  for (const file of stdout.split('\0').filter((name) => name !== '' && name !== 'node_modules')) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(ROOT, file), join(folder, file));
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    under: async (mutation, work) => {
      const path = join(folder, mutation.file);
      const text = await readFile(path, 'utf8');
      await writeFile(path, mutate(text, mutation));
      try {
        return await work();
      } finally {
        await writeFile(path, text);
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
