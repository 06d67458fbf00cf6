import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres.js';
import { type RedisProgram, startRedis } from './redis.js';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: {
      readonly url: string;
      readonly adminUrl: string;
      readonly template: string;
      readonly problem: string | null;
    };
    redis: { readonly url: string; readonly program: RedisProgram | null } | { readonly problem: string };
  }
}

/** Starts the servers that all tests share; vitest calls what it returns at the end of the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [database, redis] = await Promise.all([
    startPostgres({ inMemory: true }),
    startRedis().catch(problemOf),
  ]);
  const stop = async () => {
    if ('stop' in redis) await redis.stop();
    await database.stop();
  };
  try {
    const template = await createTemplate(database.url);
    const problem = await migrate(database.url, template).then(() => null, problemOf);
    project.provide('postgres', {
      url: database.url,
      adminUrl: database.adminUrl,
      template,
      problem: problem && `The migrations fail: ${problem.problem}`,
    });
    project.provide('redis', 'stop' in redis ? { url: redis.url, program: redis.program } : redis);
    return async () => {
      await dropDatabase(database.adminUrl, template);
      await stop();
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Migrated once: a test's own database is a copy, which takes 50 ms. */
async function createTemplate(url: string): Promise<string> {
  const name = `taskmirror_template_${process.pid}_${Date.now()}`;
  const sql = postgres(url, { max: 1 });
  await sql`create database ${sql(name)}`;
  await sql.end();
  return name;
}

async function migrate(url: string, database: string): Promise<void> {
  const module = await import('../../src/mirror/migrate.js');
  await module.migrate(Object.assign(new URL(url), { pathname: `/${database}` }).href);
}

async function dropDatabase(url: string, name: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql`drop database if exists ${sql(name)} with (force)`;
  await sql.end();
}

/** Without Redis, or with a broken migration, only the tests that need it fail, each with this message. */
function problemOf(error: unknown): { problem: string } {
  if (!(error instanceof Error)) return { problem: String(error) };
  return { problem: error.cause ? `${error.message} Cause: ${error.cause}` : error.message };
}
