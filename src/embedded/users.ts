import { Client } from 'pg';

/** The name of the role, and of the database that it owns. */
export const OWNER = 'taskmirror';

/** That this process uses the server: one connection that holds a shared lock, freed by the server if we are killed. */
export interface Membership {
  /** True when no other process uses the server; from then on none can join until `end`. */
  isLast(): Promise<boolean>;
  end(): Promise<void>;
}

export function databaseUrl(password: string, port: number, database = OWNER): string {
  return `postgres://${OWNER}:${password}@127.0.0.1:${port}/${database}`;
}

/** Null while the server comes or goes: try again. */
export async function joinUsers(password: string, port: number): Promise<Membership | null> {
  const client = await connect(databaseUrl(password, port));
  if (client === 'not now') return null;
  if (client === 'no such database') {
    await createDatabase(password, port);
    return null;
  }
  try {
    await client.query(`select pg_advisory_lock_shared(${LOCK})`);
  } catch (error) {
    await client.end();
    if (isComingOrGoing(error)) return null;
    throw error;
  }
  return { isLast: () => isLast(client), end: () => client.end() };
}

const LOCK = `hashtextextended('taskmirror:embedded', 0)`;

async function isLast(client: Client): Promise<boolean> {
  try {
    await client.query(`select pg_advisory_unlock_shared(${LOCK})`);
    const { rows } = await client.query(`select pg_try_advisory_lock(${LOCK}) as last`);
    return rows[0]?.last === true;
  } catch {
    // The server is gone already.
    return false;
  }
}

async function createDatabase(password: string, port: number): Promise<void> {
  const client = await connect(databaseUrl(password, port, 'postgres'));
  if (typeof client === 'string') return;
  try {
    await client.query(`create database ${OWNER}`);
  } catch (error) {
    if (!hasCode(error, ['42P04', '23505'])) throw error; // another process was faster
  } finally {
    await client.end();
  }
}

async function connect(connectionString: string): Promise<Client | 'not now' | 'no such database'> {
  const client = new Client({
    connectionString,
    application_name: 'taskmirror embedded',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A server that goes away breaks an idle connection; whoever uses the database notices on connections of its own.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    if (hasCode(error, ['3D000'])) return 'no such database';
    if (isComingOrGoing(error)) return 'not now';
    throw error;
  }
}

function isComingOrGoing(error: unknown): boolean {
  if (hasCode(error, ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03', '53300']))
    return true;
  return error instanceof Error && /connection terminated/i.test(error.message);
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
