import type { Command } from 'commander';
import { type ConnectionStatus, readStatus } from '../../mirror/status.js';
import { people } from '../../sandbox/people.js';
import { sources } from '../../sources/index.js';
import type { Cli } from '../cli.js';
import { type Activity, createActivity } from '../demo/activity.js';
import { type Demo, withDemo } from '../demo/demo.js';
import { linkCalls } from '../demo/links.js';
import { writeLocally } from '../demo/local-writer.js';
import { headOf, lineOf, rowsInWords, screenOf } from '../demo/screen.js';
import { type LiveLines, liveLines } from '../live-lines.js';

export function addDemo(program: Command, cli: Cli): void {
  program
    .command('demo')
    .description(
      'the daemon against both simulated APIs, with people at work there and in the mirror; needs no account and no server',
    )
    .addHelpText('after', '\nExample:\n  $ npx taskmirror demo')
    .action(() => demo(cli));
}

async function demo(cli: Cli): Promise<void> {
  const lines = liveLines(cli.output);
  lines.draw(['Starting PostgreSQL, both APIs and the daemon ...']);
  try {
    await withDemo(cli, async (running) => {
      await running.daemon.ready;
      for (const line of headOf(await running.daemon.url)) lines.say(line);
      const activity = createActivity(running.db, cli.runtime);
      await Promise.all([work(cli, running, activity), show(cli, running, activity, lines)]);
    });
  } finally {
    lines.end();
  }
  cli.output.write('Stopped. The next start goes on from here.\n');
}

/** Work begins with the first good pull: then the account behind a connection has been recognised. */
async function work(cli: Cli, demo: Demo, activity: Activity): Promise<void> {
  const { signal, runtime } = cli;
  const began = runtime.now();
  while (!(await hasPulled(demo.db, began).catch(() => false))) {
    await runtime.sleep(500, signal).catch(() => {});
    if (signal.aborted) return;
  }
  await Promise.all([
    workAtApis(cli, demo, activity),
    writeLocally(cli, demo, activity),
    linkCalls(cli, demo, activity),
  ]);
}

/** People act about once a second. */
async function workAtApis(
  { signal, runtime }: Cli,
  { sandbox, log }: Demo,
  activity: Activity,
): Promise<void> {
  const step = people(sandbox);
  while (!signal.aborted) {
    await runtime.sleep(500 + 1_000 * runtime.random(), signal).catch(() => {});
    if (signal.aborted) return;
    try {
      activity.did(step());
      // At once: what the mirror knows must still be there after a crash.
      await sandbox.save();
    } catch (error) {
      log.error({ err: error }, 'Somebody at work in the sandbox met a fault.');
    }
  }
}

async function hasPulled(db: Demo['db'], began: number): Promise<boolean> {
  const connections = await readStatus(db, Object.values(sources));
  return connections.every(({ lastPullAt }) => lastPullAt !== null && lastPullAt / 1_000 >= began);
}

async function show(
  cli: Cli,
  { db, logPath, log }: Demo,
  activity: Activity,
  lines: LiveLines,
): Promise<void> {
  const { signal, runtime, output } = cli;
  const foot = `Ctrl-C stops it; the next start goes on from here. Log: ${logPath}`;
  const look = { colours: true, acts: Math.min(10, Math.max(3, (output.rows ?? 24) - ROWS_BESIDES)) };
  let last: readonly ConnectionStatus[] = [];
  let told = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    try {
      const connections = await readStatus(db, Object.values(sources));
      const news = await activity.look();
      last = connections;
      lines.draw(screenOf(connections, activity, { ...look, foot }));
      if (!output.isTTY) {
        if (isFilled(connections) && runtime.now() - told >= SUMMARY_MS) {
          told = runtime.now();
          lines.say(`In the mirror: ${rowsInWords(connections)}`);
        }
        for (const act of news) lines.say(lineOf(act));
      }
    } catch (error) {
      // The daemon says what is wrong; here it is only not shown.
      log.debug({ err: error }, 'The screen could not be drawn.');
    }
    await runtime.sleep(REDRAW_MS, signal).catch(() => {});
  }
  lines.draw(screenOf(last, activity, { ...look, foot: 'Stopping ...' }));
}

const isFilled = (connections: readonly ConnectionStatus[]): boolean =>
  connections.length > 0 && connections.every(({ read }) => read);

/** The head, wrapped on 80 columns, and the other lines below it: what is to be pasted stays in sight. */
const ROWS_BESIDES = 25;
const REDRAW_MS = 300;
const SUMMARY_MS = 30_000;
