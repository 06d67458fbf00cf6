import { join, relative } from 'node:path';
import type { Logger } from 'pino';
import { type Daemon, startDaemon } from '../../daemon/daemon.js';
import { openEmbedded } from '../../embedded/open.js';
import { TaskmirrorError } from '../../errors.js';
import { createLog } from '../../log.js';
import { type Database, openDatabase } from '../../mirror/database.js';
import { becomeSoleWorker } from '../../mirror/sole-worker.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import type { Cli } from '../cli.js';
import { demoFolder } from '../mirror-server.js';
import { openLogFile } from './log-file.js';
import { findOrMakeKey } from './secret.js';
import { demoConfig } from './settings.js';

/** Everything that the demo runs in this process, and the server beside it. */
export interface Demo {
  readonly sandbox: Sandbox;
  readonly daemon: Daemon;
  readonly db: Database;
  /** For whoever changes the mirror with SQL. */
  readonly writer: Database;
  readonly log: Logger;
  /** Where the daemon's log is, as seen from the current folder. */
  readonly logPath: string;
}

/** Runs the demo for as long as `show` lasts: all of it lives under `.taskmirror/demo`, and goes on from there the next time. */
export async function withDemo(cli: Cli, show: (demo: Demo) => Promise<void>): Promise<void> {
  const folder = demoFolder(cli);
  const closers: (() => Promise<void>)[] = [];
  try {
    const demo = await open(cli, folder, (closer) => void closers.push(closer));
    await Promise.all([show(demo), demo.daemon.ready]);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function open(cli: Cli, folder: string, onClose: (closer: () => Promise<void>) => void): Promise<Demo> {
  const { runtime, signal } = cli;
  const logPath = join(folder, 'daemon.log');
  const logFile = await openLogFile(logPath);
  onClose(() => logFile.close());
  const log = createLog('info', logFile);

  const server = await openEmbedded(folder, runtime, log);
  onClose(() => server.close());
  signal.throwIfAborted();
  const sole = await becomeSoleWorker(server.url);
  if (sole === null)
    throw new TaskmirrorError(
      'usage',
      `A demo runs in ${folder} already: stop it with Ctrl-C there, or look on with: npx taskmirror status --demo`,
    );
  onClose(() => sole.release());

  const sandbox = await startSandbox({
    runtime,
    snapshotFile: join(folder, 'sandbox.json'),
    invoiced: { tasks: 312 },
    freshbooks: { tasks: 305 },
  });
  onClose(() => sandbox.close());
  const config = demoConfig(server.url, await findOrMakeKey(join(folder, 'credentials.key')), sandbox);
  const daemon = startDaemon(config, { runtime, log, workers: QUICK_RECOVERY });
  onClose(async () => void (await daemon.stop()));
  const db = openDatabase(server.url, { applicationName: 'taskmirror demo', max: 2 });
  onClose(() => db.close());
  const writer = openDatabase(server.url, { applicationName: 'taskmirror demo writer', max: 1 });
  onClose(() => writer.close());
  return { sandbox, daemon, db, writer, log, logPath: relative(cli.folder, logPath) };
}

/** A demo that was killed leaves jobs behind; nobody wants to wait a minute for them. */
const QUICK_RECOVERY = { lockDuration: 10_000, stalledInterval: 5_000 };
