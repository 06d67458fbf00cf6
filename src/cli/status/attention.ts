import type { ConnectionStatus, RunStatus } from '../../mirror/status.js';
import { counted, span } from '../words.js';

/** What needs a person at this connection, one sentence each; nothing while all is well. */
export function needsOf(connection: ConnectionStatus): readonly string[] {
  const { paused, problem, failed, unreadable } = connection;
  return [
    paused && pausedBecause(connection),
    problem,
    ...['poll', 'walk', 'push'].map((lease) => brokenOff(lastOf(connection.runs, lease), problem)),
    failed > 0 &&
      `${counted(failed, 'row')} could not be sent: taskmirror plan says why, and taskmirror retry sends them again.`,
    unreadable > 0 &&
      `${counted(unreadable, 'task')} can't be mirrored; see sync.unreadable for which and why.`,
    isLate(connection) &&
      `Nothing was pulled for ${span(connection.lagSeconds ?? 0)}; polls are due every ${span(connection.pollEvery / 1_000)}.`,
  ].filter((need): need is string => Boolean(need));
}

/** Who stopped it, what waits meanwhile, and how it goes on. */
function pausedBecause({ name, pauseReason, pending }: ConnectionStatus): string {
  const waits =
    pending > 0 ? `; ${counted(pending, 'local edit')} ${pending === 1 ? 'is' : 'are'} kept until then` : '';
  return pauseReason === null
    ? `It is paused; to go on: taskmirror resume ${name}${waits}`
    : `It was paused, since ${pauseReason}. Look at taskmirror plan, then: taskmirror resume ${name}${waits}`;
}

/** The run under way, or what stands in place of a first pull. */
export function beginningOf({ read, runs, problem }: ConnectionStatus): string | null {
  if (read) return null;
  const first = runs.find(({ kind }) => kind === 'read');
  if (!first || problem) return first || problem ? null : 'its first read has not begun';
  const of = first.total === null ? '' : ` of ${counted(first.total, 'row')}`;
  const so = first.total === null ? counted(first.fetched, 'row') : String(first.fetched);
  if (first.outcome === null) return `its first read is under way: ${so}${of} so far`;
  return `its first read broke off after ${so}${of} and goes on`;
}

function lastOf(runs: readonly RunStatus[], lease: string): RunStatus | null {
  // The newest comes first.
  return runs.find((run) => run.lease === lease && run.finishedAt !== null) ?? null;
}

function brokenOff(run: RunStatus | null, problem: string | null): string | null {
  if (run?.outcome === 'stopped') return `The last ${run.kind} stopped: ${run.error}`;
  if (run?.outcome === 'failed' && run.error !== problem) return `The last ${run.kind} failed: ${run.error}`;
  return null;
}

/** Ten polls, and never less than a minute: a slow page or a restart is no reason to call anybody. */
function isLate({ paused, problem, lagSeconds, pollEvery }: ConnectionStatus): boolean {
  if (paused || problem !== null || lagSeconds === null) return false;
  return lagSeconds > Math.max(60, (10 * pollEvery) / 1_000);
}
