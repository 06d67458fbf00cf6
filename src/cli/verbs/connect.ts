import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { connect } from '../connections/connect.js';
import { openVault } from '../connections/vault.js';
import { withMirror } from '../mirror.js';

interface Options {
  readonly accountId?: string;
  readonly demo?: boolean;
}

export function addConnect(program: Command, cli: Cli): void {
  program
    .command('connect')
    .argument('<NAME>', 'the FreshBooks connection')
    .description('give or renew the OAuth consent of a FreshBooks connection, in the terminal')
    .option('--account-id <ID>', 'which account, where the user has several')
    .option('--demo', "in the demo's mirror")
    .addHelpText(
      'after',
      '\nIt prints an address. Open it, agree, and paste the address that you are led to (or the code in it), within five minutes.\n\nExample:\n  $ npx taskmirror connect freshbooks',
    )
    .action((name: string, { accountId, demo }: Options) =>
      withMirror(cli, { demo }, async (mirror) => {
        const sealer = await openVault(mirror.db, mirror.config);
        await connect(name, accountId ?? null, mirror, sealer, cli);
      }),
    );
}
