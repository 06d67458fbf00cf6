import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Connection, connections, openWorld, type World } from '../sync/world.js';
import { accountsOf } from './crash/accounts.js';
import { work } from './crash/day.js';
import { points } from './crash/points.js';
import { rest } from './crash/rest.js';
import { compileVictims, type Victims } from './crash/victims.js';

/** Each once, at one API or the other; `npm run crash -- --points` takes each at both. */
const whole = process.env['CRASH_POINTS'] === 'all';
const chosen = (connection: Connection) =>
  points.filter(({ only }, n) =>
    only === undefined ? whole || connections[n % 2] === connection : only === connection,
  );

const FINISHED_AFTER_MS = 250;

let victims: Victims;
beforeAll(async () => {
  victims = await compileVictims();
});
afterAll(() => victims.close());

// One after the other at each API, both APIs at once.
describe.concurrent.each(connections)('a worker at %s', (connection) => {
  describe.sequential('that is killed when', () => {
    let world: World;
    let days = 0;
    beforeAll(async () => {
      world = await openWorld({
        sandbox: {
          invoiced: { tasks: 20 },
          freshbooks: { tasks: 20, options: { rateLimit: null } },
        },
        context: {
          deleteLimit: 1,
          push: { enabled: true, quietMs: 0, boundMs: 0, finishedAfterMs: FINISHED_AFTER_MS },
        },
      });
      await world.walk(connection);
      // What the first day deletes the others can restore.
      await work(world, connection, days++, true);
      await rest(world, connection);
    });
    afterAll(() => world.close());

    test.each(chosen(connection))(
      '$kind: $name',
      { timeout: 180_000 },
      async ({ kind, what, moment, ...point }) => {
        const day = await work(world, connection, days++, kind === 'push');
        const orders = {
          databaseUrl: world.db.url,
          watched: connection,
          accounts: accountsOf(world.sandbox),
          work: { kind, connection },
          finishedAfterMs: FINISHED_AFTER_MS,
        };
        const end = await victims.send(orders, { ...point, what, moment });
        expect(end).toMatchObject({
          killed: true,
          last: typeof what === 'string' ? `${moment} ${what}` : expect.stringMatching(`^${moment} `),
        });
        // As if the 30 s had passed after which others take over.
        await world.sql`update sync.leases set ends_at = clock_timestamp() - interval '1 second'`;
        await rest(world, connection);
        await world.walk(connection);
        await rest(world, connection);
        expect(await day.faults()).toEqual([]);
        // The next run of its kind closes what a killed one left open.
        const open = await world.sql`
          select run_id from sync.runs r where finished_at is null
            and exists (select from sync.runs n where n.lease = r.lease and n.connection = r.connection and n.run_id > r.run_id)`;
        expect(open).toEqual([]);
      },
    );
  });
});
