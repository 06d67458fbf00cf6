import { execFile, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SourceName } from '../../../src/sources/source.js';
import type { Work } from '../../../src/sync/work.js';
import { httpReader, postgresReader } from './readers.js';
import { type Moment, openWire, type Passing, type Watch } from './wire.js';
import type { Orders } from './worker.js';

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
  /** One that does one piece of work. */
  send(orders: Commission & { readonly work: Work }, point: Point): Promise<End>;
  /** One that works until it dies, or until the signal kills it. `watch` is told of all that comes by. */
  keep(orders: Commission, point: Point, signal: AbortSignal, watch: Watch): Promise<End>;
  close(): Promise<void>;
}

/** What comes by at the API of `watched` alone is seen. */
type Commission = Omit<Orders, 'apiUrls'> & { readonly watched: SourceName };

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export async function compileVictims(): Promise<Victims> {
  const folder = `node_modules/.cache/taskmirror-crash-${process.pid}`;
  const out = `${ROOT}${folder}`;
  const how = '--noCheck --ignoreConfig --skipLibCheck --module nodenext --target es2022 --rootDir .';
  const files = ['child', 'keeper'].map((name) => `test/proof/crash/${name}.ts`);
  const args = [...how.split(' '), '--outDir', folder, ...files];
  await promisify(execFile)(process.execPath, ['node_modules/typescript/bin/tsc', ...args], { cwd: ROOT });
  const start = (program: string, { watched, ...orders }: Commission, point: Point, extras: Extras = {}) => {
    const servers = { database: orders.databaseUrl, api: orders.accounts[watched]?.baseUrl ?? '' };
    const command: Command = ({ database, api }) => {
      const told = { ...orders, databaseUrl: database, apiUrls: { [watched]: api } };
      return { args: [`${out}/test/proof/crash/${program}.js`, JSON.stringify(told)] };
    };
    return killAt(point, servers, command, extras);
  };
  return {
    send: (orders, point) => start('child', orders, point),
    keep: (orders, point, signal, watch) => start('keeper', orders, point, { signal, watch }),
    close: () => rm(out, { recursive: true, force: true }),
  };
}

type Command = (wires: { readonly database: string; readonly api: string }) => {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

interface Extras {
  /** Kills the program wherever it is. */
  readonly signal?: AbortSignal;
  readonly watch?: Watch;
}

/** Runs a Node program whose ways to its servers are watched, and kills it at the point. Throws where it fails by itself. */
export async function killAt(
  point: Point,
  servers: { readonly database: string; readonly api?: string },
  command: Command,
  { signal, watch: told }: Extras = {},
): Promise<End> {
  let kill = (): void => {};
  let passed = 0;
  let last = '';
  let dying = false;
  const isHere = at(point);
  const watch = (passing: Passing): boolean => {
    if (dying) return true;
    told?.(passing);
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
    signal?.addEventListener('abort', kill);
    if (signal?.aborted) kill();
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const [code, died] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, died) => resolve([code, died]));
    });
    if (died !== 'SIGKILL' && code !== 0) throw new Error(`a worker failed by itself: ${errors}`);
    return { killed: died === 'SIGKILL', last, passed };
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
