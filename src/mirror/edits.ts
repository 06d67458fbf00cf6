import postgres from 'postgres';

/** Told by the capture triggers when a local writer's transaction commits; the payload names the source. */
const CHANNEL = 'taskmirror_edits';

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
