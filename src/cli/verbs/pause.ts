import type { Command } from 'commander';
import { changePause } from '../../mirror/pause.js';
import { pausedInWords } from '../../words/actions.js';
import type { Cli } from '../cli.js';
import { chooseConnections } from '../connections.js';
import { withMirror } from '../mirror.js';

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
    cli.output.write(`${pausedInWords(name, await changePause(db, name, true))}\n`);
  });
}
