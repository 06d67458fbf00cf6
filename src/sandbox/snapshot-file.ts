import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TaskmirrorError } from '../errors.js';
import type { Runtime } from '../runtime.js';

/** A JSON file that is replaced whole or not at all. */
export interface SnapshotFile {
  /** Undefined where there is no file yet. */
  read(): Promise<unknown>;
  /** Nothing is written when nothing changed since. */
  write(): Promise<void>;
  /** Writes every so many milliseconds until stopped, and then once more. */
  keep(every: number, signal: AbortSignal): Promise<void>;
}

export function snapshotFile(
  path: string,
  take: () => unknown,
  runtime: Pick<Runtime, 'sleep'>,
): SnapshotFile {
  let written: string | undefined;
  let writing: Promise<void> = Promise.resolve();
  const replace = async () => {
    const text = JSON.stringify(take());
    if (text === written) return;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
    written = text;
  };
  const write = () => {
    const next = writing.then(replace);
    // The next write does not depend on whether this one succeeded.
    writing = next.catch(() => {});
    return next;
  };
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return text === undefined ? undefined : parse(text, path);
    },
    write,
    async keep(every, signal) {
      while (!signal.aborted) {
        await runtime.sleep(every, signal).catch(() => {});
        // What can't be written now is written with the next, or fails where somebody waits for it.
        if (!signal.aborted) await write().catch(() => {});
      }
      await write();
    },
  };
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

export function unreadable(path: string, cause: unknown): TaskmirrorError {
  return new TaskmirrorError(
    'configuration',
    `The sandbox can't go on from ${path}: it is not a snapshot of this version. Remove the file to begin anew.`,
    { cause },
  );
}
