import { execFile, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Orders } from './child.js';

/** Starts workers that kill themselves. They are compiled once: started from TypeScript, each would take seconds. */
export interface Victims {
  /** How one ended: killed at the step that it names, or alive. */
  send(orders: Orders): Promise<{ readonly killed: boolean; readonly last: string }>;
  close(): Promise<void>;
}

export async function compileVictims(): Promise<Victims> {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const folder = `node_modules/.cache/taskmirror-crash-${process.pid}`;
  const out = `${root}${folder}`;
  const options = [
    '--noCheck',
    '--ignoreConfig',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2022',
  ];
  await promisify(execFile)(
    process.execPath,
    [
      'node_modules/typescript/bin/tsc',
      ...options,
      '--rootDir',
      '.',
      '--outDir',
      folder,
      'test/proof/crash/child.ts',
    ],
    { cwd: root },
  );
  return {
    send: (orders) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [`${out}/test/proof/crash/child.js`, JSON.stringify(orders)], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let output = '';
        let errors = '';
        child.stdout.on('data', (chunk) => {
          output += chunk;
        });
        child.stderr.on('data', (chunk) => {
          errors += chunk;
        });
        child.once('error', reject);
        child.once('close', (code, signal) => {
          if (signal !== 'SIGKILL' && code !== 0) reject(new Error(`a worker failed by itself: ${errors}`));
          else resolve({ killed: signal === 'SIGKILL', last: output.trim() });
        });
      }),
    close: () => rm(out, { recursive: true, force: true }),
  };
}
