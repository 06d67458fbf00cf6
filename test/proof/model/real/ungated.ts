import { setTimeout as delay } from 'node:timers/promises';
import type { Scheduler } from '../scheduler.js';
import type { ModelWorld } from '../world.js';

/** A scheduler that lets everything go as the machine will, for where the workers are processes of their own. */
export function ungated(
  windDatabase: (milliseconds: number) => Promise<void>,
  windApi: (milliseconds: number) => void,
  note: (what: string) => void,
): Pick<ModelWorld, 'scheduler' | 'working' | 'begin'> {
  const working = new Set<Promise<unknown>>();
  const scheduler: Scheduler = {
    now: () => Date.now(),
    steps: 0,
    gate: async () => {},
    enter: () => () => {},
    sleep: (_, milliseconds) => delay(milliseconds),
    timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
    run: async () => {},
    finish: async (work) => void (await work),
    wind: async (milliseconds) => {
      await windDatabase(milliseconds);
      windApi(milliseconds);
    },
    hold: () => {},
    settle: async () => {},
    drop: () => {},
  };
  return {
    scheduler,
    working,
    begin: (what, work) => {
      note(what);
      const done = work()
        .then(
          () => note(`${what} ended`),
          (error: unknown) =>
            note(`${what} threw: ${error instanceof Error ? error.message : String(error)}`),
        )
        .finally(() => working.delete(done));
      working.add(done);
    },
  };
}
