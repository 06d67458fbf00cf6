import type { RunStatus } from '../mirror/run-status.js';
import type { ConnectionStanding } from '../mirror/status.js';
import { counted, number, span } from './figures.js';

/** What needs a person at this connection, one sentence each; nothing while all is well. */
export function needsOf(connection: ConnectionStanding): readonly string[] {
  const { name, paused, problem, failed, unreadable, runs } = connection;
  return [
    paused && pausedBecause(connection),
    problem,
    ...['poll', 'walk', 'push'].map((lease) => brokenOff(lastOf(connection.runs, lease), problem)),
    unequal(name, runs),
    failed > 0 &&
      `${counted(failed, 'row')} could not be sent: taskmirror plan says why, and taskmirror retry sends them again.`,
    unreadable > 0 &&
      `${counted(unreadable, 'task')} can't be mirrored; see sync.unreadable for which and why.`,
    isLate(connection) &&
      `Nothing was pulled for ${span(connection.lagSeconds ?? 0)}; polls are due every ${span(connection.pollEvery / 1_000)}.`,
  ].filter((need): need is string => Boolean(need));
}

/** Who stopped it, what waits meanwhile, and how it goes on. */
function pausedBecause({ name, pauseReason, pending }: ConnectionStanding): string {
  const waits =
    pending > 0 ? `; ${counted(pending, 'local edit')} ${pending === 1 ? 'is' : 'are'} kept until then` : '';
  return pauseReason === null
    ? `It is paused; to go on: taskmirror resume ${name}${waits}`
    : `It was paused, since ${pauseReason}. Look at taskmirror plan, then: taskmirror resume ${name}${waits}`;
}

/** How a connection stands, in a word for programs. */
export type State = 'paused' | 'first_read' | 'needs_person' | 'pending' | 'in_sync';

export function stateOf(connection: ConnectionStanding): State {
  if (connection.paused) return 'paused';
  if (needsOf(connection).length > 0) return 'needs_person';
  if (!connection.read) return 'first_read';
  return connection.pending > 0 ? 'pending' : 'in_sync';
}

/** The same for people. */
export const STATES = {
  in_sync: 'in sync',
  pending: 'to be sent',
  first_read: 'first read',
  paused: 'paused',
  needs_person: 'needs a person',
} as const satisfies Record<State, string>;

/** `12 connections: 10 in sync, 1 paused, 1 needs a person` */
export function summaryOf(connections: readonly { readonly state: State }[]): string {
  const counts = Object.entries(STATES).flatMap(([state, words]) => {
    const count = connections.filter((each) => each.state === state).length;
    return count === 0 ? [] : [`${number(count)} ${count > 1 ? words.replace('needs', 'need') : words}`];
  });
  return `${counted(connections.length, 'connection')}: ${counts.join(', ')}`;
}

/** What the last verification has found, until everything was read again. */
function unequal(name: string, runs: readonly RunStatus[]): string | null {
  const last = runs.find(({ lease, outcome }) => lease === 'walk' && outcome === 'ok');
  if (last?.kind !== 'verify' || last.error === null) return null;
  return `The last verify found: ${last.error}; taskmirror verify --connection ${name} says which.`;
}

/** The run under way, or what stands in place of a first pull. */
export function beginningOf({ read, runs, problem }: ConnectionStanding): string | null {
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
  // A verification does nothing that could end what a walk before it has met.
  return runs.find((run) => run.lease === lease && run.kind !== 'verify' && run.finishedAt !== null) ?? null;
}

function brokenOff(run: RunStatus | null, problem: string | null): string | null {
  if (run?.outcome === 'stopped') return `The last ${run.kind} stopped: ${run.error}`;
  if (run?.outcome === 'failed' && run.error !== problem) return `The last ${run.kind} failed: ${run.error}`;
  return null;
}

/** Ten polls, and never less than a minute: a slow page or a restart is no reason to call anybody. */
export function isLate({ paused, problem, lagSeconds, pollEvery }: ConnectionStanding): boolean {
  if (paused || problem !== null || lagSeconds === null) return false;
  return lagSeconds > Math.max(60, (10 * pollEvery) / 1_000);
}
