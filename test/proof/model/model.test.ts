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

test('random histories hold, and the same seed gives the same history, step by step', async () => {
  const traces = new Map<number, readonly string[]>();
  for (let seed = first; seed < first + count; seed++) {
    const { faults, trace } = await tryOne(ground, seed, 0);
    expect(faults, `npm run proof -- --seed ${seed} --histories 1\n${trace.join('\n')}`).toEqual([]);
    traces.set(seed, trace);
  }
  for (const [seed, trace] of [...traces].slice(0, 3)) {
    expect((await tryOne(ground, seed, 0)).trace).toEqual(trace);
  }
}, 300_000);
