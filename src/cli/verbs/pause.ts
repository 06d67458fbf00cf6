import type { Command } from 'commander';
import { tellConnections } from '../../mirror/notices.js';
import { pausedSince, setPaused } from '../../mirror/pause.js';
import type { Cli } from '../cli.js';
import { chooseConnections } from '../connections.js';
import { withMirror } from '../mirror.js';
import { at } from '../values.js';

export function addPause(program: Command, cli: Cli): void {
  program
    .command('pause')
    .argument('<NAME>', 'the connection')
    .description("stop a connection's API traffic; local edits are kept until it is resumed")
    .option('--demo', "in the demo's mirror")
    .addHelpText('after', '\nExample:\n  $ npx taskmirror pause invoiced')
    .action((name: string, options: { demo?: boolean }) => pause(name, options, cli));
}

async function pause(name: string, { demo }: { demo?: boolean }, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    await chooseConnections(db, name);
    const changed = await setPaused(db, name, true);
    if (changed) await tellConnections(db, name);
    const since = changed ? null : await pausedSince(db, name);
    cli.output.write(
      since === null
        ? `${name} is paused: nothing more is read or sent (a run that is under way ends within seconds). Local edits wait; to go on: taskmirror resume ${name}\n`
        : `${name} is paused already, since ${at(since)}; to go on: taskmirror resume ${name}\n`,
    );
  });
}
