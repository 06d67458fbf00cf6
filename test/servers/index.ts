import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject, onTestFinished } from 'vitest';
import { startOwnRedis } from './redis.js';
import { until } from './until.js';

export { freePort } from './guarded.js';
export { until } from './until.js';

export interface TestDatabase {
  /** Owned by a role that is no superuser, as in production. */
  readonly url: string;
  /** The same database as superuser, for what a worker may not do. */
  readonly adminUrl: string;
  /** Fails when a connection is still open, after waiting for it to close (10 s). */
  drop(withinMs?: number): Promise<void>;
}

/** A new database, migrated; `empty` leaves the migrations out. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const server = inject('postgres');
  if (server.problem && !options.empty) throw new Error(server.problem);
  const name = unique('test');
  await withClient(server.url, async (sql) => {
    await sql`create database ${sql(name)} template ${sql(options.empty ? 'template0' : server.template)}`;
  });
  return {
    url: withDatabase(server.url, name),
    adminUrl: withDatabase(server.adminUrl, name),
    drop: (withinMs) => withClient(server.adminUrl, (sql) => drop(sql, name, withinMs)),
  };
}

/** The Redis that all tests share: keep to a `prefix` of your own (see `unique`). */
export function redisUrl(): string {
  return sharedRedis().url;
}

/** The address of an empty Redis of the test's own, which ends with it. What was unpacked for the shared one serves it too. */
export async function ownRedisUrl(): Promise<string> {
  const redis = await startOwnRedis(sharedRedis().program);
  onTestFinished(() => redis.stop());
  return redis.url;
}

/** A name that no other test uses: `test_3f9a1c0b5d2e`. Fits databases, schemas, BullMQ prefixes and queues. */
export function unique(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}

function sharedRedis() {
  const redis = inject('redis');
  if ('problem' in redis) throw new Error(redis.problem);
  return redis;
}

async function drop(sql: postgres.Sql, name: string, withinMs = 10_000): Promise<void> {
  try {
    await until(
      `all connections to ${name} are closed`,
      async () => {
        const open = await sql`
        select application_name, state, left(query, 200) as query
        from pg_stat_activity where datname = ${name} and backend_type = 'client backend'`;
        if (open.length > 0) throw new Error(`Still open: ${JSON.stringify(open)}`);
        return true;
      },
      withinMs,
    );
  } finally {
    await sql`drop database if exists ${sql(name)} with (force)`;
  }
}

async function withClient(url: string, use: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await use(sql);
  } finally {
    await sql.end();
  }
}

function withDatabase(url: string, name: string): string {
  const address = new URL(url);
  address.pathname = `/${name}`;
  return address.href;
}
