import { execFile, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Orders } from './child.js';
import { httpReader, postgresReader } from './readers.js';
import { type Moment, openWire, type Passing } from './wire.js';

/** Where a worker dies: when the first comes by that is called so, or the one of this number, counted from 0. */
export type Point =
  | { readonly what: string | RegExp; readonly moment: Moment; readonly skip?: number }
  /** With `afterMs` above 0 it is let pass, and the worker dies so much later, wherever it is then. */
  | { readonly nth: number; readonly afterMs: number };

export interface End {
  readonly killed: boolean;
  /** What came by last. */
  readonly last: string;
  /** How much came by. */
  readonly passed: number;
}

/** Starts workers and kills them. They are compiled once: started from TypeScript, each would take seconds. */
export interface Victims {
  send(orders: Omit<Orders, 'apiUrl'>, point: Point): Promise<End>;
  close(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export async function compileVictims(): Promise<Victims> {
  const folder = `node_modules/.cache/taskmirror-crash-${process.pid}`;
  const out = `${ROOT}${folder}`;
  const how = '--noCheck --ignoreConfig --skipLibCheck --module nodenext --target es2022 --rootDir .';
  const args = [...how.split(' '), '--outDir', folder, 'test/proof/crash/child.ts'];
  await promisify(execFile)(process.execPath, ['node_modules/typescript/bin/tsc', ...args], { cwd: ROOT });
  const program = `${out}/test/proof/crash/child.js`;
  return {
    send: async (orders, point) => {
      const watched = { database: orders.databaseUrl, api: orders.account.baseUrl };
      return killAt(point, watched, ({ database, api }) => ({
        args: [program, JSON.stringify({ ...orders, databaseUrl: database, apiUrl: api })],
      }));
    },
    close: () => rm(out, { recursive: true, force: true }),
  };
}

/** Runs a Node program whose ways to its servers are watched, and kills it at the point. Throws where it fails by itself. */
export async function killAt(
  point: Point,
  servers: { readonly database: string; readonly api?: string },
  command: (wires: { readonly database: string; readonly api: string }) => {
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<End> {
  let kill = (): void => {};
  let passed = 0;
  let last = '';
  let dying = false;
  const isHere = at(point);
  const watch = (passing: Passing): boolean => {
    if (dying) return true;
    const here = isHere(passing, passed++);
    last = `${passing.moment} ${passing.what}`;
    if (!here) return false;
    if ('nth' in point && point.afterMs > 0) {
      setTimeout(() => {
        dying = true;
        kill();
      }, point.afterMs);
      return false;
    }
    dying = true;
    kill();
    return true;
  };
  const database = await openWire(servers.database, postgresReader, watch);
  const api = servers.api === undefined ? null : await openWire(servers.api, httpReader, watch);
  try {
    const { args, env } = command({ database: database.url, api: api?.url ?? '' });
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    kill = () => void child.kill('SIGKILL');
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve([code, signal]));
    });
    if (signal !== 'SIGKILL' && code !== 0) throw new Error(`a worker failed by itself: ${errors}`);
    return { killed: signal === 'SIGKILL', last, passed };
  } finally {
    await Promise.all([database.close(), api?.close()]);
  }
}

function at(point: Point): (passing: Passing, number: number) => boolean {
  if ('nth' in point) return (_, number) => number === point.nth;
  const { what: wanted, moment: when, skip = 0 } = point;
  let met = 0;
  return ({ what, moment }) => {
    const named = typeof wanted === 'string' ? what === wanted : wanted.test(what);
    return named && moment === when && met++ === skip;
  };
}
