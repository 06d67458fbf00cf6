import type { Hono } from 'hono';
import { KINDS } from '../../jobs/kinds.js';
import { checkRedis } from '../../jobs/state.js';
import { migrationState } from '../../mirror/schema-version.js';
import { bounded, LateError, shared } from '../bounded.js';
import type { Parts } from '../parts.js';

/** Whether this process can do its work. Each part is asked at the same time as the others, and given up after `CHECK_MS`. */
export function addReadyz(app: Hono, parts: Parts): void {
  const look = shared(() => checkAll(parts));
  app.get('/readyz', async (c) => {
    const checks = await look();
    const ready = Object.values(checks).every(({ ok }) => ok);
    return c.json({ ready, checks }, ready ? 200 : 503);
  });
}

/** Anybody may ask, so a reason holds no address, no account and no words but our own and an error's code. */
type Check = { readonly ok: true } | { readonly ok: false; readonly reason: string };

type Checks = Readonly<Record<'database' | 'queue' | 'workers', Check>>;

async function checkAll(parts: Parts): Promise<Checks> {
  const inTime = (name: keyof Checks, reason: Promise<string | null>): Promise<Check> =>
    bounded(CHECK_MS, reason, parts.runtime).then(
      (problem) => (problem === null ? { ok: true } : { ok: false, reason: problem }),
      (error: unknown) => {
        parts.log.debug({ err: error, check: name }, 'A check of /readyz failed.');
        return { ok: false, reason: `${unreached(error)}: ${CURES[name]}` };
      },
    );
  const [database, queue, workers] = await Promise.all([
    inTime('database', databaseProblem(parts)),
    inTime('queue', queueProblem(parts)),
    inTime('workers', Promise.resolve(workersProblem(parts))),
  ]);
  return { database, queue, workers };
}

async function databaseProblem({ db }: Parts): Promise<string | null> {
  return DATABASE_PROBLEMS[await migrationState(db)];
}

async function queueProblem({ daemon: { queues } }: Parts): Promise<string | null> {
  return queues === null ? 'it is not open yet: the log says what the daemon waits for' : checkRedis(queues);
}

function workersProblem({ daemon: { workers, stopping } }: Parts): string | null {
  if (stopping) return 'the daemon stops';
  if (workers === null) return 'none has started yet: the log says what the daemon waits for';
  const attached = workers.attached();
  const missing = KINDS.filter((kind) => !attached.includes(kind));
  return missing.length > 0 ? `not attached to the queue yet: ${missing.join(', ')}` : null;
}

function unreached(error: unknown): string {
  if (error instanceof LateError) return error.message;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return `it can't be reached${code}`;
}

const CURES: Readonly<Record<keyof Checks, string>> = {
  database: 'check DATABASE_URL and that PostgreSQL runs',
  queue: "check that the queue's server runs",
  workers: 'the log says why',
};

const DATABASE_PROBLEMS = {
  current: null,
  older: 'it is not migrated yet, which the daemon does at its start: the log says what it waits for',
  newer: 'it was migrated by a newer taskmirror: upgrade this one',
} as const satisfies Record<Awaited<ReturnType<typeof migrationState>>, string | null>;

/** Less than the time that probers usually give. */
const CHECK_MS = 2_000;
