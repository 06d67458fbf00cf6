import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { adoptConsent } from '../../src/mirror/credentials.js';
import { createSealer } from '../../src/mirror/sealing.js';
import type { Account } from '../../src/sources/index.js';
import { packTokens } from '../../src/sync/tokens.js';
import { compileVictims, type Victims } from '../proof/crash/victims.js';
import { accountOf, expectOutcome, openWorld, type World } from './world.js';

let victims: Victims;
beforeAll(async () => {
  victims = await compileVictims();
});
afterAll(() => victims.close());

let world: World;
beforeEach(async () => {
  world = await openWorld({ sandbox: { freshbooks: { tasks: 3 } } });
  expectOutcome(await world.walk('freshbooks'), 'ok');
  await world.sql`update freshbooks.tasks set name = 'Waits' where row_id = (select min(row_id) from freshbooks.tasks)`;
  await consent();
});
afterEach(() => world.close());

test.each(['before a refresh', 'after a rotation'])(
  'a worker that is killed %s leaves tokens that work',
  async (step) => {
    await killAt(step);
    expectOutcome(await world.poll('freshbooks'), 'ok');
    await world.push('freshbooks');
    expect(await pending()).toBe(0);
  },
);

test('a worker that is killed with the new token in its hands leaves a problem that names the cure, and no edit is lost', async () => {
  await killAt('after a refresh');
  expectOutcome(await world.poll('freshbooks'), 'failed');
  const [connection] = await world.sql`select problem from sync.connections where name = 'freshbooks'`;
  expect(connection?.['problem']).toContain('FRESHBOOKS_REFRESH_TOKEN');
  expectOutcome(await world.push('freshbooks'), 'failed');
  expect(await pending()).toBe(1);

  await consent();
  expectOutcome(await world.poll('freshbooks'), 'ok');
  await world.push('freshbooks');
  expect(await pending()).toBe(0);
});

/** Kills a worker whose first request needs a new access token. */
async function killAt(step: string): Promise<void> {
  const end = await victims.send({
    databaseUrl: world.db.url,
    connection: 'freshbooks',
    account: accountOf(world.sandbox, 'freshbooks') as Account,
    kind: 'poll',
    finishedAfterMs: 200,
    dieAt: step,
    afterMs: 0,
  });
  expect(end).toEqual({ killed: true, last: step });
  await world.sql`update sync.leases set ends_at = clock_timestamp() - interval '1 second'`;
}

/** A person consents anew: there is a refresh token and no access token yet. */
async function consent(): Promise<void> {
  const { refresh_token } = world.sandbox.freshbooks.oauth.grant();
  await adoptConsent(world.db, createSealer([new Uint8Array(32).fill(7)]), 'freshbooks', {
    credentialId: 'freshbooks',
    source: 'freshbooks',
    clientId: world.sandbox.freshbooks.clientId,
    token: refresh_token,
    secret: packTokens({ accessToken: null, refreshToken: refresh_token, expiresAt: 0 }),
  });
}

async function pending(): Promise<number> {
  return (await world.sql`select from freshbooks.tasks where sync_state = 'pending'`).length;
}
