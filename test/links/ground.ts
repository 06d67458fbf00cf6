import { afterAll, afterEach, beforeAll } from 'vitest';
import type { World, WorldOptions } from '../sync/world.js';
import { dropRules, openDesk } from './desk.js';

/** The world of a file's tests, one for all of them; each leaves it without rules and links. */
export function openGround(options: WorldOptions = {}) {
  let opened: World | null = null;
  beforeAll(async () => {
    opened = await openDesk(options);
  });
  afterEach(() => dropRules(world()));
  afterAll(() => opened?.close());
  const world = (): World => {
    if (opened === null) throw new Error('a world is there within tests and their hooks alone');
    return opened;
  };
  return {
    world,
    atInvoiced: () => world().sandbox.invoiced.people,
    atFreshbooks: () => world().sandbox.freshbooks.people,
  };
}
