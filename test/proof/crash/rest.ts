import type { WorkResult } from '../../../src/sync/work.js';
import type { Connection, World } from '../../sync/world.js';

/** Pushes until nothing is pending. What was put off by a backoff is due at once; an open write still waits for the API to have finished. */
export async function rest(world: World, connection: Connection): Promise<void> {
  let result: WorkResult | null = null;
  for (let round = 0; round < 80; round++) {
    result = await world.push(connection);
    if (result.state === 'skipped') {
      await world.poll(connection);
      const [pending] =
        await world.sql`select from ${world.sql(`${connection}.tasks`)} where sync_state = 'pending' limit 1`;
      if (pending === undefined) return;
      continue;
    }
    // Its last statement may have taken a lease after it was dead.
    if (result.state === 'busy')
      await world.sql`update sync.leases set ends_at = clock_timestamp() - interval '1 second'`;
    await world.context.runtime.sleep(result.state === 'later' ? Math.min(result.afterMs, 60) : 20);
    await world.sql.begin(async (tx) => {
      await tx`select set_config('taskmirror.origin', 'sync', true)`;
      await tx`update ${tx(`${connection}.tasks`)} set push_after = null where push_after is not null`;
    });
  }
  const waits = await world.sql`
    select row_id, sync_error from ${world.sql(`${connection}.tasks`)} where sync_state = 'pending' order by 1 limit 5`;
  throw new Error(`${connection} does not come to rest: ${JSON.stringify({ result, waits })}`);
}
