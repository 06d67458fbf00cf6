import postgres from 'postgres';
import { createTestDatabase } from '../servers/index.js';

export type Source = 'invoiced' | 'freshbooks';
export const sources: readonly Source[] = ['invoiced', 'freshbooks'];

export type Row = Record<string, unknown> & { readonly row_id: string };

/** A migrated mirror with one connection for each source, a local writer, and the worker's hand. */
export interface Mirror {
  readonly url: string;
  /** The same database as superuser. */
  readonly adminUrl: string;
  /** A local writer: plain SQL, as the owner of the database. */
  readonly sql: postgres.Sql;
  /** A row as the worker would have written it: synced, with a new id, whatever else is given. */
  synced(source: Source, columns?: Record<string, unknown>): Promise<Row>;
  /** The row as it stands, null when it is gone. Times are text, microseconds included. */
  find(source: Source, rowId: string): Promise<Row | null>;
  /** One statement with the worker's origin. */
  asWorker(statement: (tx: postgres.TransactionSql) => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

export async function openMirror(): Promise<Mirror> {
  const database = await createTestDatabase();
  const sql = postgres(database.url, { max: 3, onnotice: () => {} });
  await sql`
    insert into sync.connections (name, source, poll_every_ms, sweep_every_ms)
    select name, name, 60000, 21600000 from unnest(${[...sources]}::text[]) as name`;
  let lastId = 1000;

  const find = async (source: Source, rowId: string): Promise<Row | null> => {
    const [found] = await sql<{ row: Row }[]>`
      select to_jsonb(t) || jsonb_build_object('row_id', row_id::text) as row
      from ${sql(source)}.tasks t where row_id = ${rowId}`;
    return found?.row ?? null;
  };
  const asWorker: Mirror['asWorker'] = async (statement) => {
    await sql.begin(async (tx) => {
      await tx`select set_config('taskmirror.origin', 'sync', true)`;
      await statement(tx);
    });
  };

  return {
    url: database.url,
    adminUrl: database.adminUrl,
    sql,
    find,
    asWorker,
    synced: async (source, columns = {}) => {
      const [{ row_id } = { row_id: '' }] = await sql<Row[]>`select nextval('sync.row_ids') as row_id`;
      lastId += 1;
      const task = { row_id, id: lastId, raw: sql.json({ id: lastId }), ...TASK[source], ...columns };
      await asWorker((tx) => tx`insert into ${tx(source)}.tasks ${tx(task)}`);
      const row = await find(source, row_id);
      if (row === null) throw new Error(`the row of ${source} was not written`);
      return row;
    },
    close: async () => {
      await sql.end();
      await database.drop();
    },
  };
}

const TASK = {
  invoiced: {
    name: 'Call customer',
    action: 'phone',
    customer_id: 481594,
    due_date: '2026-11-01T06:30:00Z',
    synced_at: '2026-11-01T00:00:00Z',
  },
  freshbooks: {
    name: 'Painting',
    rate_amount: '50.00',
    rate_code: 'USD',
    synced_at: '2026-11-01T00:00:00Z',
  },
} as const satisfies Record<Source, Record<string, unknown>>;

/** What the database says of a statement that it refuses; fails when it lets the statement pass. */
export async function refusalOf(statement: Promise<unknown>): Promise<{
  readonly message: string;
  readonly hint: string;
  readonly code: string;
  readonly column: string;
}> {
  try {
    await statement;
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    const { message, hint = '', code, column_name: column = '' } = error;
    return { message, hint, code, column };
  }
  throw new Error('The database let it pass.');
}
