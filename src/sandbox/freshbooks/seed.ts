import type { SandboxWorld } from '../api.js';
import type { FreshBooksOptions } from './options.js';
import type { TaskRow } from './task-table.js';
import { easternWall } from './wall-time.js';

export interface FreshBooksSeed {
  /** How many tasks: a million take some 2 s and 200 MB. */
  readonly count: number;
  /** The tasks were last changed between this many days ago … 730 by default. */
  readonly oldestDays?: number;
  /** … and this many: 30 by default, so that none lies within a poll's overlap. */
  readonly newestDays?: number;
  /** How many of them, from 0 to 1, are deleted, and how many archived. 0 by default. */
  readonly deleted?: number;
  readonly archived?: number;
}

const DAY = 86_400_000;
const VERBS = [
  'Plan',
  'Review',
  'Draft',
  'Fix',
  'Install',
  'Measure',
  'Paint',
  'Translate',
  'Audit',
  'Teach',
];
const THINGS = [
  'kitchen',
  'contract',
  'logo',
  'garden',
  'website',
  'roof',
  'books',
  'course',
  'film',
  'bridge',
];
const CODES = ['USD', 'USD', 'USD', 'CAD', 'EUR'];

/** Tasks as a business might have them, the same for the same seed of the world. */
export function* seedRows(
  seed: FreshBooksSeed,
  firstId: number,
  world: SandboxWorld,
  options: FreshBooksOptions,
): Generator<TaskRow> {
  const { count, oldestDays = 730, newestDays = 30, deleted = 0, archived = 0 } = seed;
  const now = world.now();
  const pick = <T>(from: readonly T[], otherwise: T) =>
    from[Math.floor(world.random() * from.length)] ?? otherwise;
  for (let index = 0; index < count; index += 1) {
    const age = newestDays + world.random() * (oldestDays - newestDays);
    const fate = world.random();
    const thing = pick(THINGS, 'garden');
    yield {
      id: firstId + index,
      // join makes one flat string; a template would keep its pieces, three times the memory.
      name: [pick(VERBS, 'Plan'), thing, index + 1].join(' '),
      description: world.random() < 0.3 ? `All about the ${thing}` : '',
      cents: Math.floor(world.random() * 400) * 50,
      code: pick(CODES, options.currency),
      billable: world.random() < 0.8,
      tax1: 0,
      tax2: 0,
      updated: easternWall(now - age * DAY),
      visState: fate < deleted ? 1 : fate < deleted + archived ? 2 : 0,
    };
  }
}
