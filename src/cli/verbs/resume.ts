import type { Command } from 'commander';
import { tellConnections } from '../../mirror/notices.js';
import { setPaused } from '../../mirror/pause.js';
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
    const changed = await setPaused(db, name, false);
    if (changed) await tellConnections(db, name);
    cli.output.write(
      changed
        ? `${name} goes on: running workers read what has changed, and send what waits, within seconds.\n`
        : `${name} is not paused.\n`,
    );
  });
}
