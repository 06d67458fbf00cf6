import { pino } from 'pino';
import postgres from 'postgres';
import { onTestFinished } from 'vitest';
import { readConfig } from '../../src/config/read-config.js';
import type { Environment } from '../../src/config/settings.js';
import { type Daemon, type DaemonDeps, startDaemon } from '../../src/daemon/daemon.js';
import { systemRuntime } from '../../src/runtime.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.js';
import { createTestDatabase, redisUrl, unique } from '../servers/index.js';

/** Both APIs and an empty database, and the environment that points a daemon at them. Closed when the test ends. */
export interface World {
  readonly sandbox: Sandbox;
  readonly sql: postgres.Sql;
  readonly env: Readonly<Record<string, string>>;
  /** A daemon in this process, with other settings where given. Its log is kept in `lines`. */
  start(env?: Environment, deps?: Partial<DaemonDeps>): Promise<Daemon>;
  readonly lines: Record<string, unknown>[];
  /** What its queue's keys in Redis begin with. */
  readonly prefix: string;
}

export interface WorldOptions {
  readonly sandbox?: SandboxOptions;
  readonly queue?: 'redis' | 'postgres';
  /** Where what is to be closed is told; by default it is when the test ends. */
  readonly onEnd?: (close: () => Promise<void>) => void;
}

export const KEY = Buffer.alloc(32, 7).toString('base64');

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const { onEnd = onTestFinished } = options;
  const database = await createTestDatabase();
  const sandbox = await startSandbox({
    invoiced: { tasks: 234 },
    freshbooks: { tasks: 178 },
    ...options.sandbox,
  });
  const sql = postgres(database.url, { max: 3, onnotice: () => {} });
  onEnd(async () => {
    await Promise.all([sandbox.close(), sql.end({ timeout: 5 })]);
    await database.drop();
  });
  const env: Record<string, string> = {
    DATABASE_URL: database.url,
    CREDENTIALS_KEY: KEY,
    INVOICED_API_KEY: sandbox.invoiced.apiKey,
    INVOICED_BASE_URL: sandbox.invoiced.url,
    FRESHBOOKS_ACCOUNT_ID: sandbox.freshbooks.accountId,
    FRESHBOOKS_BASE_URL: sandbox.freshbooks.url,
    FRESHBOOKS_CLIENT_ID: sandbox.freshbooks.clientId,
    FRESHBOOKS_CLIENT_SECRET: sandbox.freshbooks.clientSecret,
    FRESHBOOKS_REDIRECT_URI: sandbox.freshbooks.redirectUri,
    FRESHBOOKS_REFRESH_TOKEN: sandbox.freshbooks.refreshToken,
    POLL_EVERY: '300ms',
    HTTP_PORT: 'off',
    ...(options.queue === 'redis' && { REDIS_URL: redisUrl() }),
  };
  const prefix = unique('daemon');
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });
  return {
    sandbox,
    sql,
    env,
    lines,
    prefix,
    start: async (changes = {}, deps = {}) => {
      const config = readConfig({ ...env, ...changes });
      const daemon = startDaemon(
        { ...config, databaseUrl: config.databaseUrl ?? '' },
        { runtime: systemRuntime, log, prefix, ...deps },
      );
      onEnd(async () => void (await daemon.stop()));
      await daemon.ready;
      return daemon;
    },
  };
}

/** How many tasks of a source the mirror holds that are not deleted. */
export async function active(sql: postgres.Sql, source: string): Promise<number> {
  const [row] = await sql`select count(*)::int as count from ${sql(source)}.tasks where vis_state <> 1`;
  return Number(row?.['count']);
}
