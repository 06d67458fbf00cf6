import type { Command } from 'commander';
import { TaskmirrorError } from '../../errors.js';
import type { Queues } from '../../jobs/queues.js';
import { enqueuePush, type Requested, requestResync } from '../../jobs/requests.js';
import { queueState } from '../../jobs/state.js';
import { approveDeletes } from '../../mirror/pending.js';
import type { Cli } from '../cli.js';
import { chooseConnections } from '../connections.js';
import { withMirror } from '../mirror.js';
import { parseSince } from '../resync/since.js';
import { type Asked, waitForAll } from '../resync/wait.js';

interface Options {
  readonly connection?: string;
  readonly full?: boolean;
  /** Seconds since 1970. */
  readonly since?: number;
  readonly wait?: boolean;
  readonly force?: boolean;
  readonly demo?: boolean;
}

export function addResync(program: Command, cli: Cli): void {
  program
    .command('resync')
    .description('ask the workers to read again what changed, now')
    .option('--connection <NAME>', 'only this one (default: all)')
    .option('--full', 'read everything and find deletions')
    .option(
      '--since <TIME>',
      'read what changed since a time (2026-01-31T09:00:00Z) or a duration ago (2h)',
      (text) => parseSince(text, cli.runtime.now()),
    )
    .option('--wait', 'show progress, and end with the outcome')
    .option(
      '--force',
      'delete even where DELETE_LIMIT stops it: in the mirror, and at the API what was deleted here so far',
    )
    .option('--demo', "in the demo's mirror")
    .addHelpText('after', '\nExample:\n  $ npx taskmirror resync --connection invoiced --full --wait')
    .action((options: Options) => resync(options, cli));
}

async function resync(options: Options, cli: Cli): Promise<void> {
  if (options.full && options.since !== undefined) {
    throw new TaskmirrorError(
      'usage',
      '--full reads everything, whatever --since says: leave one of them out.',
    );
  }
  await withMirror(cli, options, async (mirror) => {
    const names = (await chooseConnections(mirror.db, options.connection)).map(({ name }) => name);
    const queues = await mirror.queues();
    const asked: Asked[] = [];
    for (const connection of names) {
      // Now rather than when the job begins: what is deleted until then is nothing that this person knew of.
      if (options.force) await approveDeletes(mirror.db, connection);
      const requested = await requestResync(queues, {
        connection,
        full: options.full ?? false,
        since: options.since ?? null,
        force: options.force ?? false,
      });
      asked.push({ connection, requested });
      if (options.force) await enqueuePush(queues, connection);
      cli.output.write(`${told(connection, requested)}\n`);
    }
    if (!options.wait) await warnWithoutWorkers(queues, cli);
    else if (!(await waitForAll(asked, { db: mirror.db, queues, cli }))) cli.finish(1);
  });
}

function told(connection: string, { jobId, request, deduplicated }: Requested): string {
  const what = request.full ? 'a full resync' : 'a resync';
  return deduplicated
    ? `${connection}: ${what} that asks for the same already waits (${jobId}).`
    : `${connection}: ${what} was enqueued (${jobId}).`;
}

async function warnWithoutWorkers(queues: Queues, cli: Cli): Promise<void> {
  const states = await queueState(queues);
  if (states.some(({ workers }) => workers === 0)) {
    cli.errors.write('taskmirror: no worker is running, so it waits until one is: npm start\n');
  }
}
