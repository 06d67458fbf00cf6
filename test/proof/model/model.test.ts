import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../servers/index.js';
import { found } from './found.js';
import { type Ground, openGround } from './ground.js';
import { play } from './play.js';
import { tryOne } from './try.js';

/** `npm run proof` plays more of them, and makes a failing one smaller. */
const first = Number(process.env['MODEL_SEED'] ?? 1);
const count = Number(process.env['MODEL_HISTORIES'] ?? 24);

let database: TestDatabase;
let ground: Ground;
beforeAll(async () => {
  database = await createTestDatabase();
  ground = await openGround(database.url);
});
afterAll(async () => {
  await ground.close();
  await database.drop();
});

describe('a history that once found a fault holds', () => {
  test.each(found)('$name', { timeout: 120_000 }, async ({ history }) => {
    const { faults, trace } = await play(ground, history);
    expect(faults, trace.join('\n')).toEqual([]);
  });
});

test('random histories hold, and the same seed gives the same history', async () => {
  const histories = new Map<number, unknown>();
  for (let seed = first; seed < first + count; seed++) {
    const { faults, trace, history } = await tryOne(ground, seed, 0);
    expect(faults, `npm run proof -- --seed ${seed} --histories 1\n${trace.join('\n')}`).toEqual([]);
    histories.set(seed, history);
  }
  // Not the order of steps: it is nearly always the same, but a busy machine was seen to turn two about that were due at once.
  for (const [seed, history] of [...histories].slice(0, 3)) {
    const again = await tryOne(ground, seed, 0);
    expect(again.faults).toEqual([]);
    expect(again.history).toEqual(history);
  }
}, 300_000);
