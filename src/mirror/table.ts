import { type SQL, sql } from 'drizzle-orm';
import type { Column, Columns, ColumnType, Field, Scalar } from '../fields.js';
import { comeOver } from './crossed.js';
import { micros } from './database.js';

/** What the mirror needs to know of a source to hold its tasks in `<name>.tasks`. */
export interface TaskTable {
  readonly name: string;
  readonly fields: readonly Field[];
}

export const columnsOf = (table: TaskTable): readonly Column[] =>
  table.fields.flatMap((field) => field.columns);

export const tableName = (table: TaskTable): SQL =>
  sql`${sql.identifier(table.name)}.${sql.identifier('tasks')}`;

/** The versions of its rows that have ended. */
export const versionsOf = (table: TaskTable): SQL =>
  sql`${sql.identifier(table.name)}.${sql.identifier('task_versions')}`;

/** How a canonical value travels. */
const TRANSPORT: Record<ColumnType, string> = {
  text: 'text',
  integer: 'bigint',
  boolean: 'boolean',
  instant: 'bigint',
  money: 'numeric',
};

/** `name text, due_date bigint, …`: the columns of an incoming recordset. */
export function transportTypes(table: TaskTable): SQL {
  return list(
    columnsOf(table).map(({ name, type }) => sql`${sql.identifier(name)} ${sql.raw(TRANSPORT[type])}`),
  );
}

/** A JSON array as a set of rows, for a `from`. */
export const rowsIn = (json: string): SQL => sql`jsonb_to_recordset(${unseen(json)}::jsonb)`;

export interface Incoming {
  readonly name: string;
  /** A type whose values JSON writes as PostgreSQL reads them in an array; `text` and `jsonb` travel in other ways. */
  readonly type: string;
  readonly values: readonly unknown[];
}

/** The values of a table's columns, for `zipped`; what a row leaves out travels as `absent`. */
export function incomingColumns(table: TaskTable, rows: readonly Columns[]): readonly Incoming[] {
  return columnsOf(table).map((column) => ({
    name: column.name,
    type: TRANSPORT[column.type],
    values: rows.map((row) => valueIn(row, column)),
  }));
}

/** A column's value in a row; `absent` where the row leaves it out. */
export const valueIn = (row: Columns, { name, absent }: Column): Scalar =>
  row[name] ?? (name in row ? null : absent);

/**
 * Columns of equal length as a set of rows, for a `from`. One array a column: as objects of a JSON array a page costs three times as much
 * in PostgreSQL, and four times in Node (`npm run bench -- apply`). JSON's null in a column of `jsonb` stays one: see `nullif`.
 */
export function zipped(alias: string, columns: readonly Incoming[]): SQL {
  const sets = columns.map(({ type, values }) => {
    const json = JSON.stringify(values);
    if (type === 'jsonb') return sql`jsonb_array_elements(${unseen(json)}::jsonb)`;
    if (type === 'text') return sql`jsonb_array_elements_text(${unseen(json)}::jsonb)`;
    return sql`unnest(${unseen(`{${json.slice(1, -1)}}`)}::${sql.raw(type)}[])`;
  });
  const names = columns.map(({ name }) => sql`${sql.identifier(name)}`);
  return sql`rows from (${list(sets)}) as ${sql.identifier(alias)} (${list(names)})`;
}

/**
 * A parameter that the planner does not see. One that it sees, it parses too, several times over, which for a page of a thousand tasks takes
 * longer than the statement itself.
 */
const unseen = (text: string): SQL => sql`(select ${text}::text)`;

/** An incoming canonical value as the table stores it. */
export function stored({ name, type }: Column, alias: string): SQL {
  const value = sql`${sql.identifier(alias)}.${sql.identifier(name)}`;
  return type === 'instant' ? sql`to_timestamp(${value})` : value;
}

/** The table's columns as one JSON object in transport form. Money travels as text so that no digit is lost. */
export function transported(table: TaskTable, alias: string): SQL {
  const members = columnsOf(table).map(({ name, type }) => {
    const value = sql`${sql.identifier(alias)}.${sql.identifier(name)}`;
    return sql`${sql.raw(`'${name}'`)}, ${OUTGOING[type](value)}`;
  });
  return sql`jsonb_build_object(${list(members)})`;
}

const OUTGOING: Record<ColumnType, (value: SQL) => SQL> = {
  text: (value) => value,
  integer: (value) => value,
  boolean: (value) => value,
  instant: (value) => sql`floor(extract(epoch from ${value}))::bigint`,
  money: (value) => sql`${value}::text`,
};

/**
 * Whether the API last gave the task as deleted. Where its tasks have no such key, one of that name means something else, and
 * may hold anything.
 */
export function deletedAtApi(table: TaskTable, alias: string): SQL {
  const told = table.fields.some(({ name, keys }) => name === 'vis_state' && keys.includes(name));
  return told ? sql`coalesce(${sql.identifier(alias)}.raw -> 'vis_state' = '1'::jsonb, false)` : sql`false`;
}

export const list = (parts: readonly SQL[]): SQL => sql.join([...parts], sql`, `);

/** Which columns were edited again while an edit waited. A worker of before this column leaves it as it was. */
export function editedAgain(alias: string): SQL {
  const row = sql.identifier(alias);
  return sql`case when ${row}.sync_state = 'synced' then '{}' else coalesce(${row}.edited_again, '{}') end`;
}

/** The bookkeeping columns of a task row, as `MirrorRow` reads them. */
export function bookkeeping(alias: string): SQL {
  const column = (name: string) => sql`${sql.identifier(alias)}.${sql.identifier(name)}`;
  return list([
    sql`${column('row_id')}::text as row_id`,
    sql`${column('xmin')}::text as version`,
    column('raw'),
    column('sync_state'),
    column('sync_error'),
    sql`${editedAgain(alias)} as edited_again`,
    sql`${micros(column('synced_at'))} as synced_at`,
    sql`${micros(column('edited_at'))} as edited_at`,
    sql`(select coalesce(jsonb_agg(w.sent), '[]') from sync.writes w
         where w.row_id = ${column('row_id')} and w.settled_at is null) as sent`,
    sql`${comeOver(alias)} as come_over`,
  ]);
}
