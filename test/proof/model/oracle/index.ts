import type { ModelWorld } from '../world.js';
import { brakeHere, brakeThere } from './brake.js';
import { counted, deletedBySomebody } from './counted.js';
import { equal } from './equal.js';
import { type Check, factsOf } from './facts.js';
import { inTheGap, kept } from './kept.js';
import { linked } from './linked.js';
import { secretsShown } from './secrets.js';

/** All that must hold at rest. What a later part of the worker adds is a file and a line here. */
const checks: readonly Check[] = [equal, kept, counted, deletedBySomebody, brakeThere, brakeHere];

export interface Verdict {
  readonly faults: readonly string[];
  /** Edits at the API between a push's read and its write. */
  readonly gap: readonly string[];
}

/** `whole`: the other source rests too, where there are two. */
export async function judge(world: ModelWorld, whole = true): Promise<Verdict> {
  const facts = await factsOf(world);
  return {
    faults: [
      ...world.ledger.wrongs,
      ...checks.flatMap((check) => check(facts)),
      ...(await secretsShown(world)),
      ...(whole ? await linked(world) : []),
    ],
    gap: inTheGap(facts),
  };
}
