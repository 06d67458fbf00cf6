import type { Config } from '../config/config.js';
import { TaskmirrorError } from '../errors.js';
import { openQueues, type Queues } from '../jobs/queues.js';
import { createLog } from '../log.js';
import { type Database, isUnavailable, openDatabase, unavailable } from '../mirror/database.js';
import { refuseOtherSchema } from '../mirror/schema-version.js';
import { type Cli, configOf } from './cli.js';
import { openMirrorServer } from './mirror-server.js';

/** The mirror and its queue, as a verb uses them for a moment. */
export interface Mirror {
  readonly config: Config;
  readonly db: Database;
  /** Throws `unavailable` within seconds. Closed with the mirror. */
  queues(): Promise<Queues>;
}

/** Opens the mirror for as long as `work` lasts. What a person can put right is told in a line, with the cure. */
export async function withMirror<Result>(
  cli: Cli,
  choice: { readonly demo?: boolean | undefined },
  work: (mirror: Mirror) => Promise<Result>,
): Promise<Result> {
  const config = configOf(cli);
  const server = await openMirrorServer(cli, config, choice);
  const db = openDatabase(server.url, { applicationName: 'taskmirror cli', max: 3 });
  let queues: Promise<Queues> | null = null;
  const open = () =>
    openQueues({
      redisUrl: server.demo ? null : config.redisUrl,
      databaseUrl: server.directUrl,
      runtime: cli.runtime,
      log: createLog('silent', cli.errors),
    });
  try {
    await refuseOtherSchema(db);
    return await work({
      config,
      db,
      queues: () => {
        queues ??= open();
        return queues;
      },
    });
  } catch (error) {
    throw inWords(error, server.url);
  } finally {
    await (queues as Promise<Queues> | null)?.then((opened) => opened.close()).catch(() => {});
    await db.close();
    await server.close();
  }
}

function inWords(error: unknown, url: string): unknown {
  if (isUnavailable(error)) return unavailable(url, error);
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code !== UNDEFINED_TABLE && code !== UNDEFINED_COLUMN) return error;
  return new TaskmirrorError(
    'configuration',
    'The database holds no mirror of this version yet: run `npm start`, or `npm run migrate`.',
    { cause: error },
  );
}

const UNDEFINED_TABLE = '42P01';
const UNDEFINED_COLUMN = '42703';
