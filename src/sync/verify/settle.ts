import { databaseNow } from '../../mirror/database.js';
import { findPull } from '../../mirror/verify.js';
import { ApiError } from '../../sources/index.js';
import type { Findings } from './findings.js';
import type { Bench } from './judge.js';
import type { VerifyStep } from './report.js';

/**
 * What differs because the API changed it since the last pull is no difference while pulls come as they should: the next one is waited
 * for, and all that differs is looked at once more.
 */
export async function settle(
  bench: Bench,
  findings: Findings,
  judgeAll: (ids: readonly number[]) => Promise<void>,
  signal: AbortSignal,
  onStep: (step: VerifyStep) => void,
): Promise<void> {
  const { context, connection } = bench;
  const { db, runtime } = context;
  await excuseDeletions(bench, findings, signal);
  const since = await findPull(db, connection);
  if (!since.regular || !findings.differences().some(({ behind }) => behind)) return;
  onStep({ state: 'settling', different: findings.differences().length });
  const until = runtime.now() + MOST_PULL_MS;
  // One that began earlier may have passed them.
  const asked = await databaseNow(db);
  for (let last = since; last.regular && last.lastPullAt < asked && runtime.now() < until; ) {
    await runtime.sleep(LOOK_MS, signal);
    last = await findPull(db, connection);
  }
  const again = findings.takeDifferences();
  await judgeAll(again);
}

const LOOK_MS = 100;
/** Polls that are due less often are not waited for. */
const MOST_PULL_MS = 150_000;

/** Where the API tells when tasks were deleted: what was deleted since we began is no difference. */
async function excuseDeletions(
  { client, startedAt }: Bench,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  if (!findings.differences().some(({ kind }) => kind === 'deleted')) return;
  try {
    for await (const ids of client.deletionHints(Math.floor(startedAt / 1e6), signal)) findings.excuse(ids);
  } catch (error) {
    // Without the hint a deletion is told, with the word that the next sweep brings it.
    if (!(error instanceof ApiError)) throw error;
  }
}
