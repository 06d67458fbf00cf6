import postgres from 'postgres';

/** That this process is the only worker of a database. Ends with the process, however that ends. */
export interface SoleWorker {
  release(): Promise<void>;
}

/**
 * Makes this process the only worker among those that ask; null when another one is. What a killed one left is free at once:
 * its leases need not run out, since it can't come back. `url` must lead to PostgreSQL itself (session lock).
 */
export async function becomeSoleWorker(url: string): Promise<SoleWorker | null> {
  const client = postgres(url, {
    max: 1,
    // The lock is the session's: it must live as long as we do.
    max_lifetime: null,
    connect_timeout: 10,
    onnotice: () => {},
    connection: { application_name: 'taskmirror sole worker' },
  });
  const release = () => client.end({ timeout: 5 });
  try {
    const [row] =
      await client`select pg_try_advisory_lock(hashtextextended('taskmirror:sole-worker', 0)) as mine`;
    if (row?.['mine'] !== true) {
      await release();
      return null;
    }
    const [table] = await client`select to_regclass('sync.leases') is not null as there`;
    if (table?.['there']) {
      await client`update sync.leases set ends_at = clock_timestamp() where ends_at > clock_timestamp()`;
    }
    return { release };
  } catch (error) {
    await release();
    throw error;
  }
}
