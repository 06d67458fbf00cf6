import type { Connection, World } from './world.js';

/** Pushes until nothing is pending that could be sent. What waits for the API to have finished is waited for. */
export async function atRest(
  { push, context }: Pick<World, 'push' | 'context'>,
  connection: Connection,
): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const result = await push(connection);
    if (result.state === 'skipped') return;
    const ms = result.state === 'later' ? result.afterMs : result.state === 'busy' ? 50 : 0;
    await context.runtime.sleep(Math.min(ms, 1000) + 1);
  }
  throw new Error(`${connection} does not come to rest`);
}
