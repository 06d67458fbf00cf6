import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Config } from '../config/config.js';
import { openEmbedded } from '../embedded/open.js';
import { TaskmirrorError } from '../errors.js';
import { createLog } from '../log.js';
import { migrate } from '../mirror/migrate.js';
import { type Cli, configOf } from './cli.js';

/** The PostgreSQL that holds the mirror. */
export interface MirrorServer {
  readonly url: string;
  /** For what can't go through a pooler: LISTEN, migrations, and a session with a role of its own. */
  readonly directUrl: string;
  /** Whether it is the demo's, whose queue is always in the same server. */
  readonly demo: boolean;
  /** Stops an embedded server, unless another process still uses it. Close your own connections first. */
  close(): Promise<void>;
}

export interface ServerChoice {
  /** The demo's, whatever else is configured. */
  readonly demo?: boolean | undefined;
  /** Makes an embedded server's data where there is none; otherwise that is an error. */
  readonly create?: boolean | undefined;
}

/** Opens the server that `DATABASE_URL` names, else the embedded one: found where it runs, started where it does not. */
export async function openMirrorServer(
  cli: Cli,
  config: Config,
  choice: ServerChoice = {},
): Promise<MirrorServer> {
  if (config.databaseUrl !== null && !choice.demo) {
    const url = config.databaseUrl;
    return { url, directUrl: config.databaseDirectUrl ?? url, demo: false, close: async () => {} };
  }
  const folder = chooseFolder(cli, config, choice);
  const { url, close } = await openEmbedded(folder, cli.runtime, createLog(config.logLevel, cli.errors));
  return { url, directUrl: url, demo: folder === demoFolder(cli), close };
}

/** Makes the embedded mirror where there is none and no server is named, so that accounts can be added before the first start. */
export async function makeMirror(cli: Cli): Promise<void> {
  const config = configOf({ ...cli, errors: SILENT });
  if (config.databaseUrl !== null || hasOwnMirror(cli)) return;
  const server = await openMirrorServer(cli, config, { create: true });
  await migrate(server.directUrl).finally(() => server.close());
}

/** Warnings are told by whoever reads the settings next. */
const SILENT = new PassThrough().resume();

/** Whether the embedded server of this folder has a mirror, which may hold accounts. */
export function hasOwnMirror({ folder }: Pick<Cli, 'folder'>): boolean {
  return holdsData(join(folder, '.taskmirror'));
}

/** Everything of the demo is in here. */
export function demoFolder(cli: Pick<Cli, 'folder'>): string {
  return join(cli.folder, '.taskmirror', 'demo');
}

/** Where nothing is configured, only the demo can be meant. */
function chooseFolder(cli: Cli, config: Config, { demo, create }: ServerChoice): string {
  const [own, demos] = [join(cli.folder, '.taskmirror'), demoFolder(cli)];
  const wanted = demo ? demos : own;
  if (create || holdsData(wanted)) return wanted;
  if (!demo && !config.invoiced && !config.freshbooks && holdsData(demos)) return demos;
  throw new TaskmirrorError(
    'configuration',
    `There is no mirror in ${wanted} yet: set DATABASE_URL, or begin with \`npm run demo\` or \`npm start\`.`,
  );
}

function holdsData(folder: string): boolean {
  return existsSync(join(folder, 'postgres'));
}
