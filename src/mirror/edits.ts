import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import type { Executor } from './database.js';

/** Told by the capture triggers when a local writer's transaction commits; the payload names the source. */
const CHANNEL = 'taskmirror_edits';

/** Has whoever listens look for what is pending, as if it had just been edited. */
export async function wakePush(db: Executor): Promise<void> {
  await db.rows(sql`select pg_notify(${CHANNEL}, '')`);
}

export interface Listening {
  close(): Promise<void>;
}

/**
 * Calls `onEdits` after each commit of local edits, and whenever listening (again) begins, since what was told meanwhile is
 * lost. `url` must lead to PostgreSQL itself, not through a pooler.
 */
export async function listenForEdits(url: string, onEdits: () => void): Promise<Listening> {
  const client = postgres(url, {
    max: 1,
    connect_timeout: 10,
    onnotice: () => {},
    connection: { application_name: 'taskmirror listen' },
  });
  try {
    await client.listen(CHANNEL, onEdits, onEdits);
  } catch (error) {
    await client.end({ timeout: 5 });
    throw error;
  }
  return { close: () => client.end({ timeout: 5 }) };
}
