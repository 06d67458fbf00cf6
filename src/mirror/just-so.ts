import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type SQL, sql } from 'drizzle-orm';
import type { Column, ColumnType, Json, JsonObject, Scalar } from '../fields.js';
import type { Executor } from './database.js';
import { columnsOf, list, type TaskTable, tableName, valueIn, zipped } from './table.js';
import type { IncomingTask } from './tasks.js';

/** As many tasks are known by one hash. One that changed has all of them compared. */
const AT_ONCE = 100;

/**
 * Of a page's tasks, those that the mirror may not hold just so. PostgreSQL prints the rows and hashes what it printed, and we print what the
 * rows would be: where both agree, raw and every column are the same, whatever state a row is in, and nothing was edited again that waits for
 * the API to be seen so. The other way round it proves nothing: a text that is printed in another way than PostgreSQL's, and a row that was
 * edited, are left to be compared. Sends a tenth of the bytes that comparing takes, parses none of them as JSON, and takes a third of its time in
 * PostgreSQL (`npm run bench -- apply`). Relies on the unique index (connection, id). Takes no lock.
 */
export async function perhapsDifferent<Task extends IncomingTask>(
  db: Executor,
  table: TaskTable,
  connection: string,
  tasks: readonly Task[],
): Promise<readonly Task[]> {
  const columns = columnsOf(table);
  const parts: (readonly Task[])[] = [];
  const hashes: string[] = [];
  for (let at = 0; at < tasks.length; at += AT_ONCE) {
    const part = tasks.slice(at, at + AT_ONCE);
    parts.push(part);
    hashes.push(hashOf(columns, part));
    // Answers that came meanwhile are taken up, and the next requests go out.
    await setImmediate();
  }
  const incoming = zipped('i', [
    { name: 'part', type: 'int', values: parts.map((_, part) => part) },
    { name: 'ids', type: 'text', values: parts.map((part) => `{${part.map(({ id }) => id).join()}}`) },
    { name: 'hash', type: 'text', values: hashes },
  ]);
  // The rows come in the order of their ids' array: in any other they would look different, no more.
  const same = await db.rows<{ part: number }>(sql`
    select i.part from ${incoming}
    where i.hash = (
      select encode(sha256(convert_to(string_agg(
        t.raw::text || row(${list(columns.map((column) => printable(column)))})::text || ${againWhileWaiting}, ''
      ), 'UTF8')), 'hex')
      from unnest(i.ids::bigint[]) as wanted (id)
      cross join lateral (
        select * from ${tableName(table)} t where t.connection = ${connection} and t.id = wanted.id limit 1
      ) t
    )`);
  const held = new Set(same.map(({ part }) => part));
  return parts.flatMap((part, n) => (held.has(n) ? [] : part));
}

/** What nobody else prints: such a row is looked at, though it holds what the API gives. */
const againWhileWaiting = sql`case when t.sync_state <> 'synced' then coalesce(t.edited_again::text, '') else '' end`;

/** As seconds since 1970 a time is printed alike in every zone and style of dates; exact in every year, which a float is not. */
function printable({ name, type }: Column): SQL {
  const value = sql`t.${sql.identifier(name)}`;
  return type === 'instant' ? sql`extract(epoch from ${value})` : value;
}

function hashOf(columns: readonly Column[], tasks: readonly IncomingTask[]): string {
  let text = '';
  for (const task of tasks) {
    text += printedJson(task.raw);
    let before = '(';
    for (const column of columns) {
      text += before + printedColumn(column.type, valueIn(task.columns, column));
      before = ',';
    }
    text += ')';
  }
  return hash('sha256', text);
}

/** What PostgreSQL puts in quotes, apart from an empty text. Its spaces are ASCII's, not all of Unicode's. */
const QUOTED = /["\\(), \t\n\v\f\r]/;
/** What it doubles in them. */
const DOUBLED = /["\\]/;
const EACH_DOUBLED = /["\\]/g;

/** A column's value as PostgreSQL prints it in a row. */
function printedColumn(type: ColumnType, value: Scalar): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (type === 'instant') return `${value}.000000`;
  if (typeof value === 'number') return String(value);
  if (value !== '' && !QUOTED.test(value)) return value;
  return DOUBLED.test(value) ? `"${value.replace(EACH_DOUBLED, '$&$&')}"` : `"${value}"`;
}

/** What stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** JSON as PostgreSQL prints its jsonb: a space behind each colon and comma, shorter keys first. Any other JSON of the same value would be as right. */
export function printedJson(json: Json): string {
  if (typeof json === 'string') return PLAIN.test(json) ? `"${json}"` : JSON.stringify(json);
  if (typeof json !== 'object' || json === null) return String(json);
  if (isList(json)) return `[${json.map(printedJson).join(', ')}]`;
  let text = '{';
  for (const { key, printed } of shapeOf(json)) text += printed + printedJson(json[key] ?? null);
  return `${text}}`;
}

const isList = (json: readonly Json[] | JsonObject): json is readonly Json[] => Array.isArray(json);

/** Its keys as PostgreSQL orders them, each with what is printed before its value. */
type Shape = readonly { readonly key: string; readonly printed: string }[];

/** The tasks of an API have few shapes: sorting the keys of each would take most of the time, and so would looking each one up. */
const shapes = new Map<string, Shape>();
const MOST_SHAPES = 1_000;
const recent: { readonly keys: readonly string[]; readonly shape: Shape }[] = [];
const MOST_RECENT = 4;

function shapeOf(json: JsonObject): Shape {
  const keys = Object.keys(json);
  for (const last of recent) if (areSame(last.keys, keys)) return last.shape;
  // No key of a task holds a NUL, since PostgreSQL could not hold it; joined, no keys look like one that is empty.
  const name = `${keys.length}${keys.join('\0')}`;
  let shape = shapes.get(name);
  if (shape === undefined) {
    shape = inOrder(keys);
    if (shapes.size >= MOST_SHAPES) shapes.clear();
    shapes.set(name, shape);
  }
  recent.unshift({ keys, shape });
  recent.splice(MOST_RECENT);
  return shape;
}

const areSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((key, n) => key === others[n]);

const inOrder = (keys: readonly string[]): Shape =>
  keys
    .map((key) => ({ key, bytes: Buffer.from(key) }))
    .sort((a, b) => a.bytes.length - b.bytes.length || a.bytes.compare(b.bytes))
    .map(({ key }, n) => ({ key, printed: `${n === 0 ? '' : ', '}${JSON.stringify(key)}: ` }));
