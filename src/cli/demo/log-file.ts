import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LogOutput } from '../../log.js';

const MOST_BYTES = 5_000_000;

/** A log that is written on; the one before it is kept once it has grown long. */
export async function openLogFile(path: string): Promise<LogOutput & { close(): Promise<void> }> {
  await mkdir(dirname(path), { recursive: true });
  const size = await stat(path).then(
    (file) => file.size,
    () => 0,
  );
  if (size > MOST_BYTES) await rename(path, `${path}.old`);
  const stream = createWriteStream(path, { flags: 'a' });
  // A full disk is no reason to stop showing.
  stream.on('error', () => {});
  return {
    write: (text) => stream.write(text),
    close: async () => {
      if (stream.destroyed) return;
      stream.end();
      await once(stream, 'close');
    },
  };
}
