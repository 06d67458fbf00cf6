import { createChance } from '../../../src/sandbox/chance.js';
import { makeAlike } from './commands/both-ends.js';
import { kindOf } from './commands/index.js';
import { saveRule } from './commands/link-rules.js';
import type { Ground } from './ground.js';
import type { History } from './history.js';
import { judge } from './oracle/index.js';
import { atRest, go, rest, viewsOf } from './rest.js';
import { inOrder } from './scheduler.js';
import { openModelWorld } from './world.js';

export interface Played {
  /** What does not hold; empty when all does. */
  readonly faults: readonly string[];
  /** Edits at the API that fell between a push's read and its write. */
  readonly gap: readonly string[];
  /** Everything that happened, in order, for whoever looks into it. */
  readonly trace: readonly string[];
  readonly steps: number;
}

/** Plays one history from an empty mirror to its rest. The same history gives the same trace. */
export async function play(ground: Ground, history: History): Promise<Played> {
  const world = await openModelWorld(ground, history.setting);
  const realTimeout = AbortSignal.timeout;
  AbortSignal.timeout = world.scheduler.timeout;
  try {
    const faults: string[] = [];
    let gap: readonly string[] = [];
    try {
      const { links } = history.setting;
      if (links !== undefined) for (let n = 0; n < links.alike; n += 1) makeAlike(world, 1);
      for (const each of viewsOf(world)) await go(each, { kind: 'walk' });
      if (links !== undefined && links.rule !== null)
        await world.scheduler.finish(saveRule(world, 'first', links.rule, false), inOrder);
      for (const command of history.commands) {
        const at = command.beside ? world.other : world;
        if (at !== null) await kindOf(command.do).run(at, command.with);
        const random = command.order === 0 ? inOrder : createChance(command.order).random;
        await world.scheduler.run(command.steps, random);
      }
      faults.push(...(await rest(world)));
      for (const each of viewsOf(world)) {
        const verdict = await judge(each);
        faults.push(...verdict.faults);
        gap = [...gap, ...verdict.gap];
        if (faults.length === 0) faults.push(...(await atRest(each)));
      }
    } catch (error) {
      faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    return { faults, gap, trace: world.trace, steps: world.scheduler.steps };
  } finally {
    AbortSignal.timeout = realTimeout;
    await world.close();
  }
}
