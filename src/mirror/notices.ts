import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import type { Executor } from './database.js';
import type { Listening } from './edits.js';

/** Told by commands that change connections; the payload names one, or is empty for any. */
const CHANNEL = 'taskmirror_connections';

/** Has running workers look at their connections, as soon as the transaction commits. */
export async function tellConnections(db: Executor, connection = ''): Promise<void> {
  await db.rows(sql`select pg_notify(${CHANNEL}, ${connection})`);
}

/**
 * Calls `onChange` with the connection's name, and with '' whenever listening (again) begins, since what was told meanwhile is lost.
 * `url` must lead to PostgreSQL itself, not through a pooler.
 */
export async function listenForConnections(
  url: string,
  onChange: (connection: string) => void,
): Promise<Listening> {
  const client = postgres(url, {
    max: 1,
    connect_timeout: 10,
    onnotice: () => {},
    connection: { application_name: 'taskmirror listen' },
  });
  try {
    await client.listen(CHANNEL, onChange, () => onChange(''));
  } catch (error) {
    await client.end({ timeout: 5 });
    throw error;
  }
  return { close: () => client.end({ timeout: 5 }) };
}
