import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type postgres from 'postgres';
import { Pool } from 'undici';
import { fields as freshbooksFields } from '../../src/sources/freshbooks/fields.js';
import { fields as invoicedFields } from '../../src/sources/invoiced/fields.js';
import { columnsOf } from '../../src/sources/raw.js';
import type { Columns, Field, JsonObject } from '../../src/sources/source.js';
import { type BenchSandbox, listingOf, type SourceName } from './sandbox.js';

const PER_PAGE = 100;
/** As many requests at a time as the worker's walk has. */
const IN_FLIGHT = { invoiced: 1, freshbooks: 4 } as const;
const FIELDS: Readonly<Record<SourceName, readonly Field[]>> = {
  invoiced: invoicedFields,
  freshbooks: freshbooksFields,
};

/** All pages of a source, fetched with a bare client and parsed, as little else as there can be. */
export async function fetchPages(
  { env }: BenchSandbox,
  source: SourceName,
  rows: number,
  take: (tasks: readonly JsonObject[]) => void,
): Promise<void> {
  const pages = Math.ceil(rows / PER_PAGE);
  const { url, authorization } = listingOf(env, source);
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections: IN_FLIGHT[source] });
  let next = 1;
  const fetchOn = async (): Promise<void> => {
    while (next <= pages) {
      const page = next++;
      const answer = await pool.request({
        path: `${path}?per_page=${PER_PAGE}&page=${page}`,
        method: 'GET',
        headers: { authorization },
      });
      const json = JSON.parse(await answer.body.text());
      if (answer.statusCode !== 200) throw new Error(`${source} answers ${answer.statusCode}`);
      take(source === 'invoiced' ? json : json.response.result.tasks);
    }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT[source] }, fetchOn));
  } finally {
    await pool.close();
  }
}

/** A table with the keys, indexes and checks of the mirror's, and without its triggers. */
export async function makePlainTable(sql: postgres.Sql, source: SourceName): Promise<string> {
  await sql.unsafe('create schema if not exists plain');
  await sql.unsafe(`drop table if exists plain.${source}`);
  await sql.unsafe(`create table plain.${source} (like ${source}.tasks including all)`);
  return `plain.${source}`;
}

/** Puts tasks into a table as a first read does, by one COPY. */
export async function copyTasks(
  sql: postgres.Sql,
  table: string,
  source: SourceName,
  tasks: readonly JsonObject[],
): Promise<void> {
  const columns = FIELDS[source].flatMap((field) => field.columns);
  const names = ['row_id', 'connection', 'id', 'raw', 'sync_state', 'synced_at', 'first_seen_at'];
  const all = [...names, ...columns.map(({ name }) => name)].join(', ');
  const now = new Date().toISOString();
  const sink = await sql.unsafe(`copy ${table} (${all}) from stdin`).writable();
  function* lines(): Generator<string> {
    for (let at = 0; at < tasks.length; at += PER_PAGE) {
      let text = '';
      for (const [i, task] of tasks.slice(at, at + PER_PAGE).entries()) {
        const values: Columns = columnsOf(FIELDS[source], task);
        const rowId = 1 + at + i;
        text += `${rowId}\t${source}\t${task['id']}\t${escaped(JSON.stringify(task))}\tsynced\t${now}\t${now}`;
        for (const { name, type } of columns) {
          const value = values[name] ?? null;
          const isTime = type === 'instant' && typeof value === 'number';
          const written = isTime ? new Date(value * 1000).toISOString() : String(value);
          text += value === null ? '\t\\N' : `\t${typeof value === 'string' ? escaped(written) : written}`;
        }
        text += '\n';
      }
      yield text;
    }
  }
  await pipeline(Readable.from(lines()), sink);
}

const escaped = (text: string): string => text.replace(/[\\\n\r\t]/g, (found) => ESCAPES[found] ?? found);
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
