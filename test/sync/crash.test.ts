import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lives } from '../proof/crash/lives.js';
import { compileVictims, type Victims } from '../proof/crash/victims.js';
import { connections } from './world.js';

/** `npm run crash -- --seed 1 --times 1000` kills a thousand of them. */
const seed = Number(process.env['CRASH_SEED'] ?? 1);
const times = Number(process.env['CRASH_TIMES'] ?? 8);

let victims: Victims;
beforeAll(async () => {
  victims = await compileVictims();
});
afterAll(() => victims.close());

describe.concurrent('a worker that is killed at any step', () => {
  test.each(connections)(
    'loses nothing and makes nothing twice at %s',
    { timeout: 180_000 + times * 5_000 },
    async (connection) => {
      const told = (killed: number) => {
        if (times > 100 && killed % 10 === 0) process.stderr.write(`${connection}: ${killed} killed\n`);
      };
      const deaths = await lives(victims, connection, { seed, times: Math.ceil(times / 2), told });
      expect(deaths.killed).toBe(Math.ceil(times / 2));
      if (times > 100)
        process.stdout.write(
          `${connection}, seed ${seed}: ${deaths.killed} killed and taken over; last steps: ${JSON.stringify([...deaths.at])}\n`,
        );
    },
  );
});
