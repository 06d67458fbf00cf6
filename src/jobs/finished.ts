import { KINDS } from './kinds.js';
import { FINISHED } from './options.js';
import { type Queues, reach } from './queues.js';

/**
 * Takes finished jobs out of the queues that have stood there long enough, and gives their number: BullMQ itself looks at their age only
 * when another one ends. Throws `unavailable`.
 */
export async function trimFinished(queues: Queues, seconds: Finished = FINISHED): Promise<number> {
  let trimmed = 0;
  for (const kind of KINDS) {
    for (const state of ['completed', 'failed'] as const) {
      const gone = await reach(queues, () =>
        queues.queues[kind].clean(seconds[state] * 1_000, AT_ONCE, state),
      );
      trimmed += gone.length;
    }
  }
  return trimmed;
}

/** How many seconds a job stays, by how it ended. */
type Finished = Readonly<Record<'completed' | 'failed', number>>;

/** More than ever stand there: their number is bounded too. */
const AT_ONCE = 2_000;
