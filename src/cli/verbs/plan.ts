import type { Command } from 'commander';
import { inSnapshot } from '../../mirror/plan.js';
import { sources } from '../../sources/index.js';
import { type Plan, planPush } from '../../sync/plan.js';
import type { Cli } from '../cli.js';
import { chooseConnections } from '../connections.js';
import { jsonText } from '../json.js';
import { withMirror } from '../mirror.js';
import { documentOf } from '../plan/document.js';
import { readable } from '../plan/readable.js';

interface Options {
  readonly connection?: string;
  readonly json?: boolean;
  readonly demo?: boolean;
}

export function addPlan(program: Command, cli: Cli): void {
  program
    .command('plan')
    .description('what the next push would send, field by field, from the mirror alone; sends nothing')
    .option('--connection <NAME>', 'only this one (default: all)')
    .option('--json', 'one JSON document')
    .option('--demo', "the demo's mirror")
    .addHelpText(
      'after',
      '\nA push reads each task again before it sends, so a change at the API may alter what is shown here.\n\nExample:\n  $ npx taskmirror plan --connection invoiced',
    )
    .action((options: Options) => plan(options, cli));
}

async function plan({ connection, json, demo }: Options, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db, config }) => {
    const plans = await inSnapshot(db, async (tx) => {
      const plans: Plan[] = [];
      for (const each of await chooseConnections(tx, connection)) {
        const source = Object.values(sources).find(({ name }) => name === each.source);
        if (source) plans.push(await planPush(tx, each, source, config.deleteLimit));
      }
      return plans;
    });
    const push = config.push;
    cli.output.write(`${json ? jsonText(documentOf(plans, { push })) : readable(plans, { push })}\n`);
  });
}
