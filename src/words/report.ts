import type { QueueState } from '../jobs/state.js';
import type { LinkCounts } from '../mirror/list-links.js';
import type { ConnectionStanding, ConnectionStatus } from '../mirror/status.js';
import { isLate, needsOf, type State, stateOf } from './attention.js';
import { linkNeeds } from './links.js';

/** Everything that `status` tells, for people and for programs. */
export interface Report<Connection extends ConnectionStanding = ConnectionStatus> {
  /** By this machine's clock, milliseconds since 1970. */
  readonly at: number;
  readonly connections: readonly Reported<Connection>[];
  /** Null where the queue can't be reached; see `needs`. */
  readonly queues: readonly QueueState[] | null;
  /** What needs a person that is of no one connection. */
  readonly needs: readonly string[];
  /** Null where nothing is linked. */
  readonly links: LinkCounts | null;
}

export type ConnectionReport = Reported<ConnectionStatus>;

export type Reported<Connection extends ConnectionStanding> = Connection & {
  readonly state: State;
  /** Milliseconds since 1970; null without a schedule, and of a paused connection, whose runs would do nothing. */
  readonly nextPollAt: number | null;
  readonly nextSweepAt: number | null;
  readonly needs: readonly string[];
};

export function reportOf<Connection extends ConnectionStanding>(
  at: number,
  connections: readonly Connection[],
  queues: readonly QueueState[] | { readonly problem: string },
  links: LinkCounts | null = null,
): Report<Connection> {
  const states = 'problem' in queues ? null : queues;
  const nextOf = (kind: string, name: string): number | null =>
    states?.find((state) => state.kind === kind)?.schedules.find(({ connection }) => connection === name)
      ?.nextRunAt ?? null;
  return {
    at,
    queues: states,
    links,
    connections: connections.map((connection) => ({
      ...connection,
      state: stateOf(connection),
      nextPollAt: connection.paused ? null : nextOf('poll', connection.name),
      nextSweepAt: connection.paused ? null : nextOf('walk', connection.name),
      needs: needsOf(connection),
    })),
    needs: [
      'problem' in queues && queues.problem,
      states?.some(({ workers }) => workers === 0) && NO_WORKER,
      states?.every(({ workers }) => workers === null) && areAllStill(connections) && NO_WORKER_SEEN,
      connections.length === 0 &&
        'No account is configured: add one with taskmirror connections add NAME, or set INVOICED_API_KEY or FRESHBOOKS_ACCOUNT_ID and start the worker again.',
      ...linkNeeds(links),
    ].filter((need): need is string => Boolean(need)),
  };
}

const NO_WORKER = 'No worker is running: start one with npm start.';
const NO_WORKER_SEEN =
  'It seems that no worker is running, since nothing is read any more: start one with npm start.';

/** Some hosted servers don't tell who is attached to the queue. Then what was done last does. */
function areAllStill(connections: readonly ConnectionStanding[]): boolean {
  const active = connections.filter(({ paused, problem }) => !paused && problem === null);
  return (
    active.length > 0 && active.every((each) => isLate(each) && !each.runs.some(({ running }) => running))
  );
}
