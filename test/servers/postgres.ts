import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import postgres from 'postgres';
import { findBinaries } from '../../src/embedded/binaries.js';
import { copiesFolder } from '../../src/embedded/home.js';
import { systemRuntime } from '../../src/runtime.js';
import { freePort, makePlace, memoryFolder, startGuarded } from './guarded.js';
import { until } from './until.js';

export interface TestPostgres {
  /** Connects as the worker does: a role that may create databases and roles, but is no superuser. */
  readonly url: string;
  /** Connects as superuser; the same as `url` for a server that was given to us. */
  readonly adminUrl: string;
  stop(): Promise<void>;
}

export interface OwnPostgres {
  /**
   * Keeps its files in memory, if there is room: on a disk, to make a test's database can take ten times as long. Not for what measures.
   */
  readonly inMemory?: boolean;
}

/** The server named by TEST_DATABASE_URL, or one of our own. */
export async function startPostgres(own: OwnPostgres = {}): Promise<TestPostgres> {
  const given = process.env['TEST_DATABASE_URL'];
  return given ? { url: given, adminUrl: given, stop: async () => {} } : startOwnPostgres(own);
}

/** From the binaries that this machine has, else the embedded ones. */
export async function startOwnPostgres({ inMemory = false }: OwnPostgres = {}): Promise<TestPostgres> {
  const installed = installedBinaries();
  // No program may run from there on some machines, and the embedded one is put into the place.
  const place = makePlace('postgres', (inMemory && installed && memoryFolder(MEMORY_BYTES)) || undefined);
  const binaries = installed ?? (await embeddedBinaries(place.folder));
  const data = join(place.folder, 'data');
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
    { cwd: place.folder, stdio: 'pipe', ...place.user },
  );
  const port = await freePort();
  writeFileSync(join(data, 'postgresql.auto.conf'), settings(port));
  const server = startGuarded(place, 'INT', [join(binaries, 'postgres'), '-D', data]);
  const adminUrl = `postgres://postgres@127.0.0.1:${port}/postgres`;
  try {
    await until('PostgreSQL answers', () => createWorkerRole(adminUrl), 30_000);
  } catch (error) {
    const output = server.output();
    await server.stop();
    throw new Error(`PostgreSQL for the tests did not start (${output})`, { cause: error });
  }
  return { url: `postgres://taskmirror@127.0.0.1:${port}/postgres`, adminUrl, stop: server.stop };
}

/** The log of the whole suite before it is used again, the databases that are there at a time, and as much again. */
const MEMORY_BYTES = 4e9;

function installedBinaries(): string | null {
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...onPath, ...versions.map((version) => join(debian, version, 'bin'))];
  const complete = (folder: string) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)));
  return folders.find(complete) ?? null;
}

/** The ones that the demo uses. */
async function embeddedBinaries(folder: string): Promise<string> {
  const { initdb } = await findBinaries(await copiesFolder(folder), systemRuntime);
  return dirname(initdb);
}

/** Durability off: what a test needs is gone with the test. */
function settings(port: number): string {
  return `
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = ''
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
`;
}

async function createWorkerRole(adminUrl: string): Promise<true> {
  const sql = postgres(adminUrl, { max: 1, connect_timeout: 2 });
  try {
    await sql`create role taskmirror login createdb createrole`;
    return true;
  } finally {
    await sql.end();
  }
}
