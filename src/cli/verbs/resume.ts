import type { Command } from 'commander';
import { changePause } from '../../mirror/pause.js';
import { resumedInWords } from '../../words/actions.js';
import type { Cli } from '../cli.js';
import { chooseConnections } from '../connections.js';
import { withMirror } from '../mirror.js';

export function addResume(program: Command, cli: Cli): void {
  program
    .command('resume')
    .argument('<NAME>', 'the connection')
    .description("let a paused connection's API traffic go on")
    .option('--demo', "in the demo's mirror")
    .addHelpText('after', '\nExample:\n  $ npx taskmirror resume invoiced')
    .action((name: string, options: { demo?: boolean }) => resume(name, options, cli));
}

async function resume(name: string, { demo }: { demo?: boolean }, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    await chooseConnections(db, name);
    cli.output.write(`${resumedInWords(name, await changePause(db, name, false))}\n`);
  });
}
