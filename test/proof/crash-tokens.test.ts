import { afterAll, beforeAll, expect, test } from 'vitest';
import { reuses, tokens } from './crash/tokens.js';
import { compileVictims, type Victims } from './crash/victims.js';

/** `npm run crash -- --tokens --seed 1 --times 200`. */
const seed = Number(process.env['CRASH_SEED'] ?? 1);
const rounds = Number(process.env['CRASH_ROUNDS'] ?? 4);

let victims: Victims;
beforeAll(async () => {
  victims = await compileVictims();
});
afterAll(() => victims.close());

test(`three processes share tokens that live two seconds, whoever of them dies (seed ${seed})`, {
  timeout: 180_000 + rounds * 30_000,
}, async () => {
  const end = await tokens(victims, { seed, rounds });
  expect(end.refreshes).toBeGreaterThanOrEqual(rounds);
  if (rounds > 20) process.stdout.write(`seed ${seed}: ${JSON.stringify(end)}\n`);
});

test('a refresh token that is used twice without need is noticed', () => {
  const request = (seq: number, token: string, faults: readonly string[] = []) => ({
    seq,
    api: 'freshbooks' as const,
    at: 0,
    method: 'POST',
    path: '/auth/oauth/token',
    query: '',
    route: 'oauth.token',
    status: 200,
    inFlight: 1,
    idempotencyKey: null,
    body: `grant_type=refresh_token&refresh_token=${token}`,
    keys: [],
    faults,
  });
  expect(reuses([request(1, 'a'), request(2, 'b')], [])).toEqual([]);
  expect(reuses([request(1, 'a'), request(2, 'a')], [])).toHaveLength(1);
  expect(reuses([request(1, 'a'), request(2, 'a')], [2])).toHaveLength(1);
  expect(reuses([request(1, 'a'), request(2, 'a')], [1])).toEqual([]);
  expect(reuses([request(1, 'a', ['reset']), request(2, 'a'), request(3, 'a')], [])).toHaveLength(1);
});
