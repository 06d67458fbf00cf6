import { Gauge, type Registry } from 'prom-client';
import { KINDS } from '../../jobs/kinds.js';
import { queueCounts } from '../../jobs/state.js';
import { type ConnectionGauges, countLeases, readConnectionGauges } from '../../mirror/gauges.js';
import { sources } from '../../sources/index.js';
import { tokenExpiries } from '../../sync/tokens.js';
import { version } from '../../version.js';
import { bounded } from '../bounded.js';
import type { Parts } from '../parts.js';

/**
 * How things stand, read anew for each scrape: from the database and the queue, where it is the same in every process, and of
 * this process. A server that does not answer in time costs its own gauges alone, which are left out rather than repeated.
 */
export function createGauges(registry: Registry, parts: Parts): () => Promise<void> {
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `taskmirror_${name}`, help, labelNames, registers: [registry] });

  gauge('build_info', 'Always 1: what runs.', 'version', 'node').set({ version, node: process.version }, 1);
  const databaseUp = gauge('database_up', 'Whether the database answers this process.');
  const queueUp = gauge('queue_up', "Whether the queue's server answers this process.");
  const workers = gauge(
    'worker_attached',
    'Whether this process takes work of the kind from its queue.',
    'kind',
  );
  const ofConnection = CONNECTION_GAUGES.map(({ name, help, value }) => ({
    gauge: gauge(name, help, 'connection', 'source'),
    value,
  }));
  const leases = gauge(
    'leases_held',
    'Runs under way in all processes, by what they hold the lease for.',
    'kind',
  );
  const expiry = gauge(
    'token_expiry_timestamp_seconds',
    'When the access token ends. It is renewed when it is used; one that has ended is not in use, or can not be renewed.',
    'credential',
  );
  const jobs = gauge(
    'queue_jobs',
    'Jobs in the queue, by state; "delayed" holds the next job of each schedule too.',
    'queue',
    'state',
  );

  const askDatabase = async (): Promise<() => void> => {
    const [connections, held, tokens] = await Promise.all([
      readConnectionGauges(parts.db, Object.values(sources)),
      countLeases(parts.db),
      parts.sealer ? tokenExpiries(parts.db, parts.sealer) : [],
    ]);
    return () => {
      for (const { gauge, value } of ofConnection) {
        for (const each of connections) {
          const now = value(each);
          if (now !== null) gauge.set({ connection: each.connection, source: each.source }, now);
        }
      }
      for (const [kind, count] of Object.entries(held)) leases.set({ kind }, count);
      for (const { credential, expiresAt } of tokens) expiry.set({ credential }, expiresAt);
    };
  };
  const askQueue = async (): Promise<() => void> => {
    const { queues } = parts.daemon;
    if (queues === null) throw new Error('The queue is not open yet.');
    const states = await queueCounts(queues);
    return () => {
      for (const { kind, counts } of states)
        for (const [state, count] of Object.entries(counts)) jobs.set({ queue: kind, state }, count);
    };
  };
  const fill = async (up: Gauge, ask: () => Promise<() => void>): Promise<() => void> =>
    bounded(ASK_MS, ask(), parts.runtime).then(
      (set) => () => {
        up.set(1);
        set();
      },
      (error: unknown) => () => {
        parts.log.debug({ err: error }, 'A server did not answer for the metrics.');
        up.set(0);
      },
    );

  return async () => {
    const filled = await Promise.all([fill(databaseUp, askDatabase), fill(queueUp, askQueue)]);
    for (const each of [...ofConnection.map(({ gauge }) => gauge), leases, expiry, jobs]) each.reset();
    for (const set of filled) set();
    const attached = parts.daemon.workers?.attached() ?? [];
    for (const kind of KINDS) workers.set({ kind }, attached.includes(kind) ? 1 : 0);
  };
}

const CONNECTION_GAUGES: readonly {
  readonly name: string;
  readonly help: string;
  /** Null leaves the series out. */
  readonly value: (connection: ConnectionGauges) => number | null;
}[] = [
  {
    name: 'lag_seconds',
    help: 'Since the start of the last good pull; absent before the first.',
    value: ({ lagSeconds }) => lagSeconds,
  },
  {
    name: 'connection_paused',
    help: 'Whether the connection was paused.',
    value: ({ paused }) => Number(paused),
  },
  {
    name: 'connection_problem',
    help: 'Whether a person must do something before the connection works again; taskmirror status says what.',
    value: ({ problem }) => Number(problem),
  },
  { name: 'pending_rows', help: 'Rows with a local change that waits.', value: ({ pending }) => pending },
  {
    name: 'oldest_pending_seconds',
    help: 'How long the local change has waited that has waited longest.',
    value: ({ oldestPendingSeconds }) => oldestPendingSeconds,
  },
  {
    name: 'failed_rows',
    help: 'Rows with a local change that could not be sent.',
    value: ({ failed }) => failed,
  },
  {
    name: 'open_conflicts',
    help: 'Overruled values that were not put back.',
    value: ({ conflicts }) => conflicts,
  },
  {
    name: 'unreadable_tasks',
    help: "Tasks that the API sends and that can't be mirrored.",
    value: ({ unreadable }) => unreadable,
  },
];

/** Prometheus gives a scrape 10 s unless told otherwise. */
const ASK_MS = 3_000;
