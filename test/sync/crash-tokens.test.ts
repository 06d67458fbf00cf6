import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { adoptConsent } from '../../src/mirror/credentials.js';
import { createSealer } from '../../src/mirror/sealing.js';
import { packTokens } from '../../src/sync/tokens.js';
import { accountsOf } from '../proof/crash/accounts.js';
import { compileVictims, type Victims } from '../proof/crash/victims.js';
import type { Moment } from '../proof/crash/wire.js';
import { expectOutcome, openWorld, type World } from './world.js';

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

const REFRESH = 'POST oauth/token';
const KEPT = 'commit of update sync.credentials';

test.each<[string, string, Moment]>([
  ['with the refresh token on its way', REFRESH, 'before'],
  ['when the new token is kept', KEPT, 'after'],
])('a worker that is killed %s leaves tokens that work', async (_, what, moment) => {
  await killAt(what, moment);
  expectOutcome(await world.poll('freshbooks'), 'ok');
  await world.push('freshbooks');
  expect(await pending()).toBe(0);
});

test.each<[string, string, Moment]>([
  ['while the new token is on its way to it', REFRESH, 'after'],
  ['when the new token is written, not committed', KEPT, 'before'],
])(
  'a worker that is killed %s leaves a problem that names the cure, and no edit is lost',
  async (_, what, moment) => {
    await killAt(what, moment);
    expectOutcome(await world.poll('freshbooks'), 'failed');
    const [connection] = await world.sql`select problem from sync.connections where name = 'freshbooks'`;
    expect(connection?.['problem']).toContain('FRESHBOOKS_REFRESH_TOKEN');
    expectOutcome(await world.push('freshbooks'), 'failed');
    expect(await pending()).toBe(1);

    await consent();
    expectOutcome(await world.poll('freshbooks'), 'ok');
    await world.push('freshbooks');
    expect(await pending()).toBe(0);
  },
);

/** Kills a worker whose first request needs a new access token. */
async function killAt(what: string, moment: Moment): Promise<void> {
  const orders = {
    databaseUrl: world.db.url,
    watched: 'freshbooks' as const,
    accounts: accountsOf(world.sandbox),
    work: { kind: 'poll' as const, connection: 'freshbooks' },
    finishedAfterMs: 200,
  };
  const end = await victims.send(orders, { what, moment });
  expect(end).toMatchObject({ killed: true, last: `${moment} ${what}` });
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
