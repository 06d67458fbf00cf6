import pg from 'pg';
import type { Runtime } from '../runtime.js';
import type { Reporter } from './reports.js';

/**
 * A pool that waits for a lost server, as a Redis connection does. BullMQ's workers ask again at once after an error
 * that they don't know (a server that is starting up, say) and would spin. Only connecting is tried again, never a query.
 */
export function createPatientPool(config: pg.PoolConfig, runtime: Runtime, report: Reporter): pg.Pool {
  return new PatientPool(config, runtime, report);
}

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

class PatientPool extends pg.Pool {
  readonly #runtime: Runtime;
  readonly #report: Reporter;
  readonly #ended = new AbortController();

  constructor(config: pg.PoolConfig, runtime: Runtime, report: Reporter) {
    super(config);
    this.#runtime = runtime;
    this.#report = report;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const client = this.#connect();
    if (!callback) return client;
    client.then(
      (connected) => callback(undefined, connected, (broken) => connected.release(Boolean(broken))),
      (error) => callback(error, undefined, () => {}),
    );
    return undefined;
  }

  override async end(): Promise<void> {
    this.#ended.abort();
    await super.end();
  }

  async #connect(): Promise<pg.PoolClient> {
    for (;;) {
      try {
        return await super.connect();
      } catch (error) {
        if (this.#ended.signal.aborted) throw error;
        this.#report(error);
        await this.#runtime.sleep(RECONNECT_MS, this.#ended.signal);
      }
    }
  }
}

const RECONNECT_MS = 500;
