import { adoptConsent } from '../../../src/mirror/credentials.js';
import { createSealer } from '../../../src/mirror/sealing.js';
import { createChance } from '../../../src/sandbox/chance.js';
import type { Fault } from '../../../src/sandbox/fault.js';
import type { LoggedRequest } from '../../../src/sandbox/sandbox.js';
import { packTokens } from '../../../src/sync/tokens.js';
import { until } from '../../servers/index.js';
import { connections, openWorld, type World } from '../../sync/world.js';
import { accountsOf } from './accounts.js';
import { rest } from './rest.js';
import { unequal } from './unequal.js';
import type { Point, Victims } from './victims.js';
import type { Passing } from './wire.js';

export interface TokensEnd {
  readonly deaths: number;
  readonly refreshes: number;
  /** How often a new token was lost for good, and a person had to consent. */
  readonly consents: number;
}

const PROCESSES = 3;
const REFRESH = 'POST oauth/token';
const KEPT = 'commit of update sync.credentials';
const PATIENCE_MS = 60_000;

/**
 * Three processes work at both accounts with FreshBooks tokens that live 2 s; they are killed, and answers to the refresh are lost, as the
 * seed says. Where the new token is lost, that connection must stop and say what to do while the other goes on, until a person consents.
 * Throws where a refresh token was used twice without need, or an edit was lost.
 */
export async function tokens(
  victims: Victims,
  { seed, rounds }: { readonly seed: number; readonly rounds: number },
): Promise<TokensEnd> {
  const { random } = createChance(seed);
  const world = await openWorld({
    sandbox: {
      seed,
      logSize: 100_000,
      invoiced: { tasks: 10 },
      freshbooks: { tasks: 10, options: { accessTokenSeconds: 2, rateLimit: null } },
    },
    context: {
      deleteLimit: 1,
      push: { enabled: true, quietMs: 0, boundMs: 0, finishedAfterMs: 1_000 },
    },
  });
  const { log, faults } = world.sandbox;
  const over = new AbortController();
  /** How many requests had been made when a process died with a refresh under way. */
  const lostAt: number[] = [];
  let [deaths, consents] = [0, 0];
  try {
    for (const connection of connections) await world.walk(connection);
    const keepers = Array.from({ length: PROCESSES }, () => keep());
    const edits = new Map<string, string>();
    for (let round = 0; round < rounds; round++) {
      const mark = log.mark();
      for (const connection of connections) edits.set(connection, await edit(connection, round));
      if (random() < 0.4)
        faults.add({ api: 'freshbooks', route: 'oauth.token', times: 1, fault: drawFault(random) });
      await until(
        'a token is refreshed, or is lost',
        async () => refreshed(mark) || (await problem()) !== null,
        PATIENCE_MS,
      );
      await until('no token is lost for good', () => settled(), PATIENCE_MS);
    }
    over.abort();
    await Promise.all(keepers);
    faults.clear();
    await expireLeases();
    // Those that were killed last may have lost a token that nobody has missed yet.
    const mark = log.mark();
    await until(
      'the last token is traded in, or is missed',
      async () => {
        await world.poll('freshbooks');
        return refreshed(mark) || (await problem()) !== null;
      },
      PATIENCE_MS,
    );
    await settled(() => world.poll('invoiced'));
    for (const connection of connections) {
      await rest(world, connection);
      await world.walk(connection);
    }
    const wrong = [
      ...reuses(log.entries({ route: 'oauth.token' }), lostAt),
      ...(await Promise.all(connections.map((connection) => unequal(world, connection)))).flat(),
      ...(await missing(edits)),
    ];
    if (wrong.length > 0) throw new Error(`seed ${seed}, ${deaths} deaths:\n${wrong.join('\n')}`);
    return { deaths, refreshes: log.count({ route: 'oauth.token' }), consents };
  } finally {
    over.abort();
    await world.close();
  }

  /** One process after the other, each until it dies. */
  async function keep(): Promise<void> {
    while (!over.signal.aborted) {
      let refreshing = false;
      const watch = ({ what, moment }: Passing): boolean => {
        if (what === REFRESH && moment === 'before') refreshing = true;
        if (what === KEPT && moment === 'after') refreshing = false;
        return false;
      };
      const orders = {
        databaseUrl: world.db.url,
        watched: 'freshbooks' as const,
        accounts: accountsOf(world.sandbox),
        finishedAfterMs: 1_000,
      };
      await victims.keep(orders, drawPoint(random), over.signal, watch);
      if (refreshing) lostAt.push(log.mark());
      if (over.signal.aborted) return;
      deaths += 1;
      await expireLeases();
    }
  }

  async function expireLeases(): Promise<void> {
    await world.sql`update sync.leases set ends_at = clock_timestamp() - interval '1 second'`;
  }

  async function edit(connection: string, round: number): Promise<string> {
    const name = `Round ${String(round).padStart(5, '0')}`;
    await world.sql`
      update ${world.sql(`${connection}.tasks`)} set name = ${name}
      where row_id = (select min(row_id) from ${world.sql(`${connection}.tasks`)} where vis_state = 0)`;
    return name;
  }

  function refreshed(mark: number): boolean {
    return log.entries({ route: 'oauth.token', after: mark }).length > 0;
  }

  /** True when FreshBooks works. Where a person is needed, looks that all is as it must be, and is that person. `work` where no keeper does any. */
  async function settled(work: () => Promise<unknown> = async () => null): Promise<boolean> {
    if ((await problem()) === null) return true;
    await until(
      'the connection says what a person must do',
      async () => {
        const [{ problem } = {}] =
          await world.sql`select problem from sync.connections where name = 'freshbooks'`;
        return String(problem).includes('FRESHBOOKS_REFRESH_TOKEN');
      },
      PATIENCE_MS,
    );
    const mark = log.mark();
    const [before] = await world.sql`select last_pull_at from sync.connections where name = 'invoiced'`;
    await until(
      'the other connection goes on',
      async () => {
        await work();
        const [now] =
          await world.sql`select last_pull_at, problem from sync.connections where name = 'invoiced'`;
        if (now?.['problem'] !== null) throw new Error(String(now?.['problem']));
        return now?.['last_pull_at'] > before?.['last_pull_at'];
      },
      PATIENCE_MS,
    );
    const asked = log.count({ route: 'oauth.token', after: mark });
    if (asked > 0) throw new Error(`a token that no longer works was asked for ${asked} times`);
    await consent(world);
    consents += 1;
    return true;
  }

  /** What is known of the token; null while it works. */
  async function problem(): Promise<unknown> {
    return (await world.sql`select problem from sync.credentials`)[0]?.['problem'] ?? null;
  }

  async function missing(edits: ReadonlyMap<string, string>): Promise<readonly string[]> {
    const found = await Promise.all(
      [...edits].map(async ([connection, name]) => {
        const rows = await world.sql`
          select from ${world.sql(`${connection}.tasks`)} where name = ${name} and sync_state = 'synced'`;
        return rows.length === 1 ? [] : [`the last edit of ${connection} (${name}) is gone`];
      }),
    );
    return found.flat();
  }
}

/** Half of them die around the refresh, the others anywhere. */
function drawPoint(random: () => number): Point {
  const chance = random();
  const skip = Math.floor(random() * 3);
  if (chance < 0.15) return { what: REFRESH, moment: 'before', skip };
  if (chance < 0.3) return { what: REFRESH, moment: 'after', skip };
  if (chance < 0.4) return { what: KEPT, moment: 'before', skip };
  if (chance < 0.5) return { what: KEPT, moment: 'after', skip };
  return { nth: Math.floor(random() * 1_500), afterMs: random() * 4 };
}

function drawFault(random: () => number): Fault {
  const when = random() < 0.5 ? 'before' : 'after';
  const faults: readonly Fault[] = [
    { kind: 'reset', when },
    { kind: 'cut', when },
    { kind: 'html', status: 502, when },
    { kind: 'status', status: 503, when },
    { kind: 'slow', milliseconds: 700, when },
  ];
  return faults[Math.floor(random() * faults.length)] ?? { kind: 'reset', when };
}

/**
 * Refresh tokens that were shown again though nothing had been lost: neither had the answer to the last time been, nor had the process
 * died that waited for it. What a process is told once is not asked again by any.
 */
export function reuses(entries: readonly LoggedRequest[], lostAt: readonly number[]): readonly string[] {
  const last = new Map<string, LoggedRequest>();
  const found: string[] = [];
  for (const entry of entries) {
    const token = new URLSearchParams(entry.body).get('refresh_token');
    if (token === null) continue;
    const former = last.get(token);
    last.set(token, entry);
    if (former === undefined) continue;
    const broken = former.faults.some((kind) => kind !== 'slow');
    const died = lostAt.some((seq) => seq >= former.seq && seq < entry.seq);
    if (!broken && !died)
      found.push(`a refresh token was used by request ${former.seq} and again by ${entry.seq}`);
  }
  return found;
}

/** A person consents anew. */
async function consent(world: World): Promise<void> {
  const { refresh_token } = world.sandbox.freshbooks.oauth.grant();
  await adoptConsent(world.db, createSealer([new Uint8Array(32).fill(7)]), 'freshbooks', {
    credentialId: 'freshbooks',
    source: 'freshbooks',
    clientId: world.sandbox.freshbooks.clientId,
    token: refresh_token,
    secret: packTokens({ accessToken: null, refreshToken: refresh_token, expiresAt: 0 }),
  });
}
