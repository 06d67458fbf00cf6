import { sql } from 'drizzle-orm';
import { TaskmirrorError } from '../errors.js';
import type { Database, Executor } from './database.js';

/**
 * One transaction of a person's command. It is a local writer's like any other: capture marks what it changes as pending, and
 * throws out what may not be changed, which is told in capture's words.
 */
export async function asLocalWriter<Result>(
  db: Database,
  work: (tx: Executor) => Promise<Result>,
): Promise<Result> {
  try {
    return await db.transaction(async (tx) => {
      await tx.rows(sql`select set_config('lock_timeout', ${`${LONGEST_WAIT_S}s`}, true)`);
      return work(tx);
    });
  } catch (error) {
    throw inWords(error);
  }
}

/** Somebody else's open transaction may hold the row for hours. */
const LONGEST_WAIT_S = 10;

const LOCK_NOT_AVAILABLE = '55P03';
/** Insufficient privilege, a foreign key and a check: what capture and the tables refuse a change with. */
const REFUSALS = new Set(['42501', '23503', '23514']);

function inWords(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!(error instanceof Error)) return error;
  if (code === LOCK_NOT_AVAILABLE) {
    const message = `Nothing was changed: another transaction has held a row for ${LONGEST_WAIT_S} s; try again when it has ended.`;
    return new TaskmirrorError('failed', message, { cause: error });
  }
  if (!REFUSALS.has(code)) return error;
  const hint = 'hint' in error && typeof error.hint === 'string' ? ` ${error.hint}` : '';
  return new TaskmirrorError('refused', `Nothing was changed: ${error.message}.${hint}`, { cause: error });
}
