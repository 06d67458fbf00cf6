import { Client, type QueryArrayResult } from 'pg';
import { TaskmirrorError } from '../../errors.js';
import { isUnavailable, unavailable } from '../../mirror/database.js';

/** What one statement gave. Values are as PostgreSQL writes them. */
export interface StatementResult {
  /** `SELECT 3`, `UPDATE 1`, … */
  readonly tag: string;
  /** Empty for a statement that gives no rows. */
  readonly columns: readonly { readonly name: string; readonly type: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** One connection in one role. */
export interface Session {
  /** Runs one or several statements. A fault in them is a TaskmirrorError in PostgreSQL's words. */
  run(statements: string): Promise<readonly StatementResult[]>;
  /** Asks the server to break off what runs. */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

export type Role = 'taskmirror_reader' | 'taskmirror_writer';

export async function openSession(url: string, role: Role): Promise<Session> {
  const client = await connect(url);
  try {
    await client.query(`set role ${role}`);
    if (role === 'taskmirror_reader') await client.query('set default_transaction_read_only = on');
  } catch (error) {
    await client.end();
    throw cannotTakeRole(role, error);
  }
  return {
    run: async (statements) => {
      try {
        const results = await client.query<(string | null)[]>({ text: statements, rowMode: 'array' });
        return (Array.isArray(results) ? results : [results]).map(toResult);
      } catch (error) {
        throw isUnavailable(error) ? unavailable(url, error) : inItsWords(error);
      }
    },
    cancel: () => cancel(url, client),
    close: () => client.end(),
  };
}

async function connect(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: 'taskmirror sql',
    connectionTimeoutMillis: 10_000,
    // All values as PostgreSQL writes them.
    types: { getTypeParser: () => (text: string) => text },
  });
  client.on('error', () => {}); // the next statement tells
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw unavailable(url, error);
  }
}

async function cancel(url: string, client: Client): Promise<void> {
  const { processID } = client as Client & { readonly processID: number };
  const other = await connect(url);
  await other.query('select pg_cancel_backend($1)', [processID]).finally(() => other.end());
}

function toResult({ command, rowCount, fields, rows }: QueryArrayResult<(string | null)[]>): StatementResult {
  return {
    tag: [command, rowCount].filter((part) => part !== null).join(' '),
    columns: fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID })),
    rows,
  };
}

function cannotTakeRole(role: Role, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === '22023' || code === '42704') {
    return new TaskmirrorError(
      'unavailable',
      `The role ${role} is missing in this database: run \`npx taskmirror migrate\`, and what it prints.`,
      { cause: error },
    );
  }
  if (code !== '42501') return error;
  return new TaskmirrorError(
    'configuration',
    `The user of DATABASE_URL may not act as ${role}: an administrator grants it with \`GRANT ${role} TO …\`.`,
    { cause: error },
  );
}

function inItsWords(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const hint = 'hint' in error && error.hint ? ` Hint: ${error.hint}` : '';
  return new TaskmirrorError('failed', `${error.message}${hint}`, { cause: error });
}
