import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { describeConfig } from '../config/describe.js';
import type { TaskmirrorError } from '../errors.js';
import { createMetrics, type Metrics } from '../http/metrics/metrics.js';
import type { Shown } from '../http/parts.js';
import { serve } from '../http/server.js';
import { openQueues } from '../jobs/queues.js';
import { checkRedis } from '../jobs/state.js';
import { openTracing } from '../jobs/tracing.js';
import { startWorkers, type WorkersOptions } from '../jobs/workers.js';
import { declareConnections } from '../mirror/connections.js';
import { openDatabase } from '../mirror/database.js';
import { migrate } from '../mirror/migrate.js';
import { saveReportingSettings } from '../mirror/reporting.js';
import { createSealer } from '../mirror/sealing.js';
import type { Runtime } from '../runtime.js';
import { createPerform } from '../sync/perform.js';
import { createAccountBook } from './account-book.js';
import { declarationsOf } from './accounts.js';
import { watchConnections } from './connections.js';
import { prepareCredentials } from './consent.js';
import { watchEdits } from './edits.js';
import { pauseWhereRestored } from './restored.js';
import { keepSchedules } from './schedules.js';
import { watchSchema } from './schema-watch.js';
import { createSyncContext } from './sync-context.js';
import { keepTrimmed } from './trimming.js';
import { patiently, reachDatabase } from './wait-for-database.js';
import { within } from './within.js';

/** The settings of a daemon whose database is known, be it named or embedded. */
export type DaemonConfig = Config & { readonly databaseUrl: string };

export interface DaemonDeps {
  readonly runtime: Runtime;
  readonly log: Logger;
  /** How often the schedules are compared with the connections, in milliseconds; default one minute. */
  readonly reconcileEvery?: number;
  /** How often edits that woke nobody are looked for, in milliseconds; default half a minute. */
  readonly scanEvery?: number;
  /** How often the journals are trimmed, in milliseconds; default one hour. */
  readonly trimEvery?: number;
  readonly workers?: WorkersOptions;
  /** Before every key in Redis, so that several daemons' queues can share one. */
  readonly prefix?: string;
}

export interface Daemon {
  /** Resolves when it works (or was stopped before); rejects with what only a person can put right. */
  readonly ready: Promise<void>;
  /** Where health, metrics and the status page are served, from the first moment on; null where they are not. Rejects where nobody can listen. */
  readonly url: Promise<string | null>;
  /** Resolves when a newer program has migrated the database: this one takes no new work from then on, and is to be stopped. */
  readonly outdated: Promise<TaskmirrorError>;
  /**
   * Takes no new work, commits the page under way and closes everything: within seconds, 20 at the most. False where not everything
   * could be closed by then: nothing is lost, but the process must end.
   */
  stop(): Promise<boolean>;
}

/**
 * Pulls all connections that the configuration names: migrates, schedules and works. Waits for a database or a queue that
 * can't be reached, at start and later, and says so.
 */
export function startDaemon(config: DaemonConfig, deps: DaemonDeps): Daemon {
  const stopping = new AbortController();
  const closers: Closer[] = [];
  let tellOutdated: (error: TaskmirrorError) => void = () => {};
  const outdated = new Promise<TaskmirrorError>((resolve) => {
    tellOutdated = resolve;
  });
  const shown: Showing = { queues: null, workers: null, stopping: false };
  const metrics = config.http && createMetrics();
  const url = serveHttp(config, deps, shown, metrics, closers);
  const ready = url
    .then(() => open(config, deps, stopping.signal, closers, shown, metrics, tellOutdated))
    .catch((error: unknown) => {
      if (!stopping.signal.aborted) throw error;
    });
  // Told to whoever awaits them.
  url.catch(() => {});
  ready.catch(() => {});

  const close = async (): Promise<void> => {
    await ready.catch(() => {});
    for (const closer of closers.reverse()) await closer();
  };
  const stop = async (): Promise<boolean> => {
    shown.stopping = true;
    stopping.abort(new Error('The daemon stops.'));
    if ((await within(STOP_MS, close(), deps.runtime)) === 'done') return true;
    deps.log.warn(
      'Not everything could be closed in time; what is unfinished is taken up at the next start.',
    );
    return false;
  };
  let stopped: Promise<boolean> | null = null;
  return {
    ready,
    url,
    outdated,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

type Closer = () => Promise<void>;

/** The daemon's own hand on what it shows. */
type Showing = { -readonly [Part in keyof Shown]: Shown[Part] };

/** Less than the 20 s after which a supervisor may kill. */
const STOP_MS = 19_000;
/** A token's refresh is waited for, and may take 15 s. */
const WORKERS_STOP_MS = 16_000;
const PROBE_MS = 1_000;
const LOST_STOP_MS = 1_000;
const RECONCILE_MS = 60_000;
const SCAN_MS = 30_000;
const TRIM_MS = 3_600_000;
/** A run of each kind for several accounts at once, and each waits for the database only a moment. */
const DATABASE_CONNECTIONS = 12;
/** A collector that is gone is not waited for. */
const TRACES_MS = 2_000;
const HTTP_CONNECTIONS = 2;
const HTTP_GIVE_UP_MS = 5_000;
/** Opened while somebody looks. */
const PAGE_CONNECTIONS = 3;
/** Longer than a person's command waits for a row that another transaction holds. */
const PAGE_GIVE_UP_MS = 15_000;

/** First of all, so that who probes the process gets an answer while it waits for its database; and closed last. */
async function serveHttp(
  config: DaemonConfig,
  { runtime, log }: DaemonDeps,
  shown: Shown,
  metrics: Metrics | null,
  closers: Closer[],
): Promise<string | null> {
  if (config.http === null || metrics === null) return null;
  const db = openDatabase(config.databaseUrl, {
    applicationName: 'taskmirror http',
    max: HTTP_CONNECTIONS,
    giveUpMs: HTTP_GIVE_UP_MS,
  });
  const pageDb = openDatabase(config.databaseUrl, {
    applicationName: 'taskmirror page',
    max: PAGE_CONNECTIONS,
    giveUpMs: PAGE_GIVE_UP_MS,
  });
  closers.push(async () => void (await Promise.all([db.close(), pageDb.close()])));
  const server = await serve(config.http, {
    runtime,
    log,
    db,
    pageDb,
    settings: config,
    sealer: config.credentialsKeys.length > 0 ? createSealer(config.credentialsKeys) : null,
    metrics,
    daemon: shown,
  });
  closers.push(() => server.close());
  log.info({ url: server.url }, 'Health, metrics and the status page are served.');
  return server.url;
}

async function open(
  config: DaemonConfig,
  deps: DaemonDeps,
  signal: AbortSignal,
  closers: Closer[],
  shown: Showing,
  metrics: Metrics | null,
  tellOutdated: (error: TaskmirrorError) => void,
): Promise<void> {
  const { runtime, log } = deps;
  const { databaseUrl } = config;
  const directUrl = config.databaseDirectUrl ?? databaseUrl;
  log.info(describeConfig(config), 'taskmirror starts');
  const tracing = config.otlpEndpoint === null ? null : await openTracing(config.otlpEndpoint);
  closers.push(async () => void (tracing && (await within(TRACES_MS, tracing.close(), runtime))));

  for (const url of new Set([databaseUrl, directUrl]))
    await patiently(deps, url, signal, () => reachDatabase(url));
  const migrated = await patiently(deps, directUrl, signal, () => migrate(directUrl));
  signal.throwIfAborted();
  if (migrated.administratorStatements.length > 0)
    log.warn({ statements: migrated.administratorStatements }, ROLES_MISSING);

  const db = openDatabase(databaseUrl, { applicationName: 'taskmirror', max: DATABASE_CONNECTIONS });
  closers.push(() => db.close());
  await patiently(deps, databaseUrl, signal, async () => {
    await declareConnections(db, declarationsOf(config));
    await pauseWhereRestored(db, log);
    await prepareCredentials(db, config, log);
    await saveReportingSettings(db, config.reporting);
  });

  const queues = await openQueues({
    ...(tracing && { telemetry: tracing.telemetry }),
    redisUrl: config.redisUrl,
    databaseUrl: directUrl,
    runtime,
    log,
    patience: signal,
    ...(deps.prefix !== undefined && { prefix: deps.prefix }),
  });
  closers.push(() => queues.close());
  shown.queues = queues;

  const accounts = createAccountBook(db, config, log);
  await patiently(deps, databaseUrl, signal, () => accounts.reload());
  const context = createSyncContext(config, accounts, db, deps, metrics?.counters);
  const schema = watchSchema({ db, runtime, log }, tellOutdated, signal);
  closers.push(() => schema.ended);
  const workers = await startWorkers(queues, schema.guard(createPerform(context)), deps.workers);
  shown.workers = workers;
  closers.push(async () => {
    // With a server gone nothing can be committed or given back: what is unfinished is taken up later all the same.
    const servers = Promise.all([reachDatabase(databaseUrl), checkRedis(queues)]);
    const there = (await within(PROBE_MS, servers, runtime)) === 'done';
    await workers.close(there ? WORKERS_STOP_MS : LOST_STOP_MS);
  });

  const mine = (name: string) => accounts.account(name) !== null;
  const refresh = async () => {
    await pauseWhereRestored(db, log);
    await accounts.reload();
  };
  const everyMs = deps.reconcileEvery ?? RECONCILE_MS;
  const keeping = keepSchedules({ db, queues, runtime, log, mine, refresh, everyMs }, signal);
  closers.push(() => keeping.ended);
  const trimming = { db, queues, runtime, log, keep: config.keep, everyMs: deps.trimEvery ?? TRIM_MS };
  const trimmed = keepTrimmed(trimming, signal);
  closers.push(() => trimmed);
  await keeping.first;
  const watched = { db, directUrl, queues, runtime, log, mine, refresh, wake: keeping.wake };
  closers.push(await watchConnections(watched, signal));
  if (config.push) {
    const scanEveryMs = deps.scanEvery ?? SCAN_MS;
    closers.push(await watchEdits({ db, directUrl, queues, runtime, log, mine, scanEveryMs }, signal));
  }
  const connections = accounts.names();
  if (connections.length === 0) log.warn(NO_ACCOUNT);
  else log.info({ connections }, 'taskmirror works');
}

const ROLES_MISSING =
  'The user of DATABASE_URL may not make the roles for reading and writing: an administrator runs these statements. All else works without them.';
const NO_ACCOUNT =
  'No account is configured yet, so there is nothing to mirror: add one with taskmirror connections add, or set INVOICED_API_KEY, or FRESHBOOKS_ACCOUNT_ID with its OAuth app and CREDENTIALS_KEY, and start again.';
