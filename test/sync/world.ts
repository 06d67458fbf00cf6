import { pino } from 'pino';
import postgres from 'postgres';
import { declareConnections } from '../../src/mirror/connections.js';
import { adoptConsent } from '../../src/mirror/credentials.js';
import { type Database, databaseNow, openDatabase } from '../../src/mirror/database.js';
import { createSealer } from '../../src/mirror/sealing.js';
import { type Runtime, systemRuntime } from '../../src/runtime.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.js';
import type { HttpLimits } from '../../src/sources/http/limits.js';
import { type Account, openSource } from '../../src/sources/index.js';
import type { SyncContext } from '../../src/sync/context.js';
import { createPerform } from '../../src/sync/perform.js';
import { createTokenStore, packTokens } from '../../src/sync/tokens.js';
import type { Perform, ResyncRequest, WorkKind, WorkResult } from '../../src/sync/work.js';
import { createTestDatabase, type TestDatabase } from '../servers/index.js';

export type Connection = 'invoiced' | 'freshbooks';
export const connections: readonly Connection[] = ['invoiced', 'freshbooks'];

/** Both APIs, an empty mirror, and the worker's own functions between them. */
export interface World extends Worker {
  readonly sandbox: Sandbox;
  readonly db: Database;
  /** A local writer: plain SQL from another client. */
  readonly sql: postgres.Sql;
  readonly context: SyncContext;
  /** The same world to a worker with other surroundings. */
  as(changes: Partial<SyncContext>): Worker;
  /**
   * Sends what is due now, and looks for nothing whose answer is lost on the way, however long that takes on this machine: to what is
   * sent now the API gets around in its own time. The next `push` looks, as soon as `finishedAfterMs` have passed.
   */
  send(connection: Connection): Promise<WorkResult>;
  /** The last run of the connection, as it stands in SQL. */
  lastRun(connection: Connection): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** With any part of a request the work is what a person asked for, else what a schedule did. */
export type Asked = Partial<ResyncRequest> & { readonly signal?: AbortSignal };

export interface Worker {
  readonly perform: Perform;
  poll(connection: Connection, asked?: Asked): Promise<WorkResult>;
  /** A whole walk, slice by slice. */
  walk(connection: Connection, asked?: Asked): Promise<WorkResult>;
  /** Sends what is due now. */
  push(connection: Connection, asked?: Pick<Asked, 'signal'>): Promise<WorkResult>;
}

export interface WorldOptions {
  /** Migrated; one of the world's own where not given. */
  readonly database?: TestDatabase;
  readonly sandbox?: SandboxOptions;
  readonly context?: Partial<
    Pick<SyncContext, 'policy' | 'deleteLimit' | 'walkSliceMs' | 'push' | 'account' | 'open'>
  >;
  readonly runtime?: Runtime;
  readonly limits?: Partial<HttpLimits>;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const sandbox = await startSandbox(options.sandbox);
  const database = options.database ?? (await createTestDatabase());
  const db = openDatabase(database.url, { applicationName: 'taskmirror test' });
  const sql = postgres(database.url, { max: 3, onnotice: () => {} });
  const runtime = options.runtime ?? systemRuntime;
  const sealer = createSealer([new Uint8Array(32).fill(7)]);

  await declareConnections(
    db,
    connections.map((name) => ({ name, source: name, pollEvery: 60_000, sweepEvery: 21_600_000 })),
  );
  const { refreshToken } = sandbox.freshbooks;
  await adoptConsent(db, sealer, 'freshbooks', {
    credentialId: 'freshbooks',
    source: 'freshbooks',
    clientId: sandbox.freshbooks.clientId,
    token: refreshToken,
    secret: packTokens({ accessToken: null, refreshToken, expiresAt: 0 }),
  });

  const context: SyncContext = {
    db,
    runtime,
    log: pino({ level: 'silent' }),
    policy: 'remote',
    deleteLimit: 0.2,
    walkSliceMs: 20_000,
    push: { enabled: true, quietMs: 0, boundMs: 0, finishedAfterMs: 200 },
    account: (name) => accountOf(sandbox, name),
    open: (account, share) =>
      openSource(account, {
        runtime,
        observe: () => databaseNow(db),
        share,
        tokens: createTokenStore(db, sealer, 'freshbooks'),
        // The usual number of attempts, without the usual pauses.
        limits: { pauseMs: 2, maxPauseMs: 10, ...options.limits },
      }),
    ...options.context,
  };
  return {
    sandbox,
    db,
    sql,
    context,
    ...workerIn(context),
    as: (changes) => workerIn({ ...context, ...changes }),
    send: async (connection) => {
      const patient = workerIn({ ...context, push: { ...context.push, finishedAfterMs: 3_600_000 } });
      const result = await patient.push(connection);
      await sql.begin(async (tx) => {
        await tx`select set_config('taskmirror.origin', 'sync', true)`;
        await tx`
          update ${tx(connection)}.tasks t set push_after = null
          where push_after is not null and exists (
            select from sync.writes w where w.row_id = t.row_id and w.settled_at is null)`;
      });
      return result;
    },
    lastRun: async (connection) => {
      const [run] =
        await sql`select * from sync.runs where connection = ${connection} order by run_id desc limit 1`;
      return run ?? {};
    },
    close: async () => {
      await sandbox.close();
      await Promise.all([db.close(), sql.end({ timeout: 5 })]);
      await database.drop();
    },
  };
}

function workerIn(context: SyncContext): Worker {
  const perform = createPerform(context);
  const work = async (kind: WorkKind, connection: Connection, asked: Asked = {}): Promise<WorkResult> => {
    const { signal = new AbortController().signal, ...request } = asked;
    const whole = { id: crypto.randomUUID(), full: kind === 'walk', since: null, force: false, ...request };
    for (let continued = false; ; continued = true) {
      const result = await perform(
        {
          kind,
          connection,
          ...(Object.keys(request).length > 0 && { request: whole }),
          ...(continued && { continued }),
        },
        signal,
        () => {},
      );
      if (result.state !== 'continue') return result;
    }
  };
  return {
    perform,
    poll: (connection, asked) => work('poll', connection, asked),
    walk: (connection, asked) => work('walk', connection, asked),
    push: (connection, asked) => work('push', connection, asked),
  };
}

export function accountOf(sandbox: Sandbox, name: string): Account | null {
  if (name === 'invoiced') {
    return { source: 'invoiced', baseUrl: sandbox.invoiced.url, apiKey: sandbox.invoiced.apiKey };
  }
  if (name !== 'freshbooks') return null;
  const { url, accountId, clientId, clientSecret, redirectUri } = sandbox.freshbooks;
  return { source: 'freshbooks', baseUrl: url, accountId, clientId, clientSecret, redirectUri };
}

/** Fails unless a result is a run that ended so. */
export function expectOutcome(result: WorkResult, outcome: string): void {
  if (result.state !== 'done' || result.outcome !== outcome) {
    throw new Error(`expected a run that ended ${outcome}, got ${JSON.stringify(result)}`);
  }
}
