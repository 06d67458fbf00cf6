import type { Command } from 'commander';
import { TaskmirrorError } from '../../errors.js';
import { type QueueState, queueState } from '../../jobs/state.js';
import { countLinks } from '../../mirror/list-links.js';
import { readStatus } from '../../mirror/status.js';
import { sources } from '../../sources/index.js';
import { reportOf } from '../../words/report.js';
import type { Cli } from '../cli.js';
import { paintFor } from '../colours.js';
import { jsonText } from '../json.js';
import { type Mirror, withMirror } from '../mirror.js';
import { documentOf } from '../status/document.js';
import { readable } from '../status/readable.js';

interface Options {
  readonly json?: boolean;
  readonly demo?: boolean;
}

export function addStatus(program: Command, cli: Cli): void {
  program
    .command('status')
    .description(
      'how each connection stands: last good pull and push, lag, rows, next run, what needs a person',
    )
    .option('--json', 'one JSON document')
    .option('--demo', "the demo's mirror")
    .addHelpText('after', '\nExample:\n  $ npx taskmirror status')
    .action((options: Options) => status(options, cli));
}

async function status({ json, demo }: Options, cli: Cli): Promise<void> {
  const report = await withMirror(cli, { demo }, async (mirror) => {
    const [connections, queues, links] = await Promise.all([
      readStatus(mirror.db, Object.values(sources)),
      queuesOf(mirror),
      countLinks(mirror.db),
    ]);
    return reportOf(cli.runtime.now(), connections, queues, links);
  });
  cli.output.write(`${json ? jsonText(documentOf(report)) : readable(report, paintFor(cli))}\n`);
}

/** The mirror can tell a lot without its queue. */
async function queuesOf(mirror: Mirror): Promise<readonly QueueState[] | { readonly problem: string }> {
  try {
    return await queueState(await mirror.queues());
  } catch (error) {
    if (error instanceof TaskmirrorError && error.code === 'unavailable') return { problem: error.message };
    throw error;
  }
}
