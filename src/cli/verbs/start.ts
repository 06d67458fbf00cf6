import { once } from 'node:events';
import type { Command } from 'commander';
import type { Config } from '../../config/config.js';
import { startDaemon } from '../../daemon/daemon.js';
import { TaskmirrorError } from '../../errors.js';
import { createLog } from '../../log.js';
import { type Cli, configOf } from '../cli.js';
import { keepHeapLean } from '../lean-heap.js';
import { hasOwnMirror, openMirrorServer } from '../mirror-server.js';

export function addStart(program: Command, cli: Cli): void {
  program
    .command('start')
    .description('run the daemon: migrate, schedule, pull and push, until Ctrl-C or SIGTERM')
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgres://… INVOICED_API_KEY=… npx taskmirror start')
    .action(() => start(cli));
}

async function start(cli: Cli): Promise<void> {
  const config = configOf(cli);
  if (isBare(config) && !hasOwnMirror(cli)) {
    cli.errors.write(NOTHING_TO_DO);
    cli.finish(2);
    return;
  }
  keepHeapLean();
  const server = await openMirrorServer(cli, config, { create: true });
  const log = createLog(config.logLevel, cli.output);
  const settings = { ...config, databaseUrl: server.url, databaseDirectUrl: server.directUrl };
  const daemon = startDaemon(settings, { runtime: cli.runtime, log });
  try {
    const stopped = cli.signal.aborted ? Promise.resolve() : once(cli.signal, 'abort');
    await Promise.race([stopped, daemon.ready]);
    const outdated = await Promise.race([stopped, daemon.outdated]);
    log.info('taskmirror stops');
    if (outdated instanceof TaskmirrorError) throw outdated;
  } finally {
    // What a supervisor is to know: the process ended, but not in order.
    if (!(await daemon.stop())) cli.finish(1);
    await server.close();
  }
}

const isBare = (config: Config): boolean =>
  config.databaseUrl === null && config.invoiced === null && config.freshbooks === null;

const NOTHING_TO_DO = `taskmirror: neither an account nor a database is configured.

To see it work, with nothing to configure:

  npm run demo

To mirror your own accounts, set these in the environment or in .env:

  INVOICED_API_KEY            turns Invoiced on

  FRESHBOOKS_ACCOUNT_ID       turns FreshBooks on, with
  FRESHBOOKS_CLIENT_ID          its OAuth app,
  FRESHBOOKS_CLIENT_SECRET
  FRESHBOOKS_REDIRECT_URI
  FRESHBOOKS_REFRESH_TOKEN      a consent,
  CREDENTIALS_KEY               and a key to keep it: openssl rand -base64 32

  DATABASE_URL                where the mirror goes: postgres://USER@HOST/NAME
                              (without it: its own PostgreSQL in .taskmirror/)

Then: npm start
`;
