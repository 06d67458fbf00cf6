import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type postgres from 'postgres';
import { Pool } from 'undici';
import { fields } from '../../src/sources/invoiced/fields.js';
import { columnsOf } from '../../src/sources/raw.js';
import type { JsonObject } from '../../src/sources/source.js';
import { median } from './database.js';
import { type BenchWorker, openWorker, type Spent, spentBy, startBenchServer } from './ground.js';
import { type Figure, flag, report, round, size, spread } from './report.js';
import { type BenchSandbox, listingOf, startBenchSandbox } from './sandbox.js';

const ROUNDS = 5;
const PER_PAGE = 100;
const PEER = '@supabase/stripe-sync-engine';
/** How many rows the peer collects before it writes them. */
const PEER_CHUNK = 250;

/**
 * The same 20,000 tasks of Invoiced (`--rows`), of an API that answers at once, brought into PostgreSQL by the worker's first read, and by what
 * the nearest packages of npm do: `@supabase/stripe-sync-engine`, by its own published class, which upserts row by row, five at a time; and
 * one upsert for each page, as people write it by hand with postgres.js. Then the same tasks again, unchanged. Both others write
 * a table with one key and nothing else; the mirror has its keys, checks, indexes, merges and books. The peer is measured where it is
 * installed (`--peer FOLDER`): it is no dependency.
 */
export async function run(): Promise<void> {
  const rows = size('rows', 20_000);
  const peer = await openPeer(flag('peer') ?? '.taskmirror/peer');
  const server = await startBenchServer();
  const sandbox = await startBenchSandbox({ invoiced: rows });
  const spent = new Map<string, { readonly first: Spent[]; readonly again: Spent[] }>();
  try {
    for (let turn = -1; turn < ROUNDS; turn++) {
      const worker = await openWorker(await server.create('peers'), sandbox);
      const ways: Readonly<Record<string, () => Promise<void>>> = {
        taskmirror: () => worker.work('walk', 'invoiced'),
        ...(peer && { [peer.name]: () => byPeer(peer, worker, sandbox, rows) }),
        'an upsert a page (postgres.js)': () => byPage(worker.sql, sandbox, rows),
      };
      for (const [what, bring] of Object.entries(ways)) {
        await makePeerTable(worker.sql);
        await server.settle(worker.sql);
        const first = await spentBy(worker.sql, bring);
        await server.settle(worker.sql);
        const again = await spentBy(worker.sql, bring);
        const of = spent.get(what) ?? { first: [], again: [] };
        if (turn >= 0) spent.set(what, { first: [...of.first, first], again: [...of.again, again] });
      }
      await worker.close();
      await server.drop('peers');
    }
    const figures = [...spent].map(([what, { first, again }]) => figureOf(what, rows, first, again));
    report(
      'peers',
      server.version,
      figures,
      peer === null ? `Without ${PEER}: npm install --prefix .taskmirror/peer ${PEER} stripe` : undefined,
    );
  } finally {
    await sandbox.close();
    await server.stop();
  }
}

function figureOf(what: string, rows: number, first: readonly Spent[], again: readonly Spent[]): Figure {
  const rate = (of: readonly Spent[]) => of.map(({ ms }) => (rows / ms) * 1000);
  const wal = (of: readonly Spent[]) => round(median(of.map(({ walBytes }) => walBytes)) / 1_000_000, 2);
  const own = (of: readonly Spent[]) => round(median(of.map(({ processorMs }) => processorMs)));
  return {
    what,
    rows,
    'rows/s': spread(rate(first)),
    'WAL, MB': wal(first),
    'own processor ms': own(first),
    'again, rows/s': spread(rate(again)),
    'again, WAL MB': wal(again),
    'again, own processor ms': own(again),
  };
}

/** The part of the package's public class that is used here. */
interface PeerClient {
  upsertManyWithTimestampProtection(
    entries: readonly object[],
    table: string,
    schema: { readonly properties: readonly string[] },
    syncTimestamp?: string,
  ): Promise<unknown>;
  close(): Promise<void>;
}

interface Peer {
  readonly name: string;
  open(databaseUrl: string): PeerClient;
}

async function openPeer(folder: string): Promise<Peer | null> {
  const place = join(folder, 'node_modules', PEER);
  if (!existsSync(place)) return null;
  const { version } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as { version: string };
  const { PostgresClient } = (await import(pathToFileURL(join(place, 'dist/index.js')).href)) as {
    PostgresClient: new (config: { schema: string; poolConfig: object }) => PeerClient;
  };
  return {
    name: `${PEER} ${version}`,
    open: (connectionString) =>
      new PostgresClient({ schema: 'peer', poolConfig: { connectionString, max: 10, keepAlive: true } }),
  };
}

const COLUMNS = fields.flatMap((field) => field.columns);
const NAMES = ['id', ...COLUMNS.map(({ name }) => name), 'raw'];

/** The mirror's columns for the task itself, with the one key that an upsert needs. */
async function makePeerTable(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    create schema if not exists peer;
    drop table if exists peer.tasks;
    create table peer.tasks as select ${NAMES.join(', ')}, null::timestamptz as last_synced_at from invoiced.tasks limit 0;
    alter table peer.tasks add primary key (id)`);
}

async function byPeer(peer: Peer, worker: BenchWorker, sandbox: BenchSandbox, rows: number): Promise<void> {
  const client = peer.open(worker.db.url);
  const upsert = (chunk: readonly object[]) =>
    client.upsertManyWithTimestampProtection(chunk, 'tasks', { properties: NAMES });
  try {
    let chunk: object[] = [];
    for await (const tasks of pages(sandbox, rows)) {
      for (const task of tasks) {
        chunk.push(entryOf(task));
        if (chunk.length < PEER_CHUNK) continue;
        await upsert(chunk);
        chunk = [];
      }
    }
    await upsert(chunk);
  } finally {
    await client.close();
  }
}

async function byPage(sql: postgres.Sql, sandbox: BenchSandbox, rows: number): Promise<void> {
  const taken = NAMES.filter((name) => name !== 'id').map((name) => `${name} = excluded.${name}`);
  for await (const tasks of pages(sandbox, rows)) {
    await sql`
      insert into peer.tasks ${sql(tasks.map(entryOf))} on conflict (id) do update set ${sql.unsafe(taken.join(', '))}`;
  }
}

/** In the order of `NAMES`. */
function entryOf(task: JsonObject): Record<string, postgres.SerializableParameter> {
  const values = columnsOf(fields, task);
  const columns = COLUMNS.map(({ name, type }) => {
    const value = values[name] ?? null;
    return [name, type === 'instant' && typeof value === 'number' ? new Date(value * 1000) : value];
  });
  return { id: task['id'], ...Object.fromEntries(columns), raw: task };
}

/** One page after the other, each asked for when the last one is done with. */
async function* pages({ env }: BenchSandbox, rows: number): AsyncGenerator<readonly JsonObject[]> {
  const { url, authorization } = listingOf(env, 'invoiced');
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: 1 });
  try {
    for (let page = 1; page <= Math.ceil(rows / PER_PAGE); page++) {
      const path = `${pathname}?per_page=${PER_PAGE}&page=${page}`;
      const answer = await pool.request({ path, method: 'GET', headers: { authorization } });
      yield JSON.parse(await answer.body.text()) as readonly JsonObject[];
    }
  } finally {
    await pool.destroy();
  }
}
