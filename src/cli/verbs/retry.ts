import type { Command } from 'commander';
import { TaskmirrorError } from '../../errors.js';
import type { Database } from '../../mirror/database.js';
import { asLocalWriter } from '../../mirror/local-writer.js';
import { sources } from '../../sources/index.js';
import { decideCreate } from '../../sync/decide.js';
import { retryAllRows, retryRows } from '../../sync/retry.js';
import { retriedAllInWords, retriedInWords } from '../../words/actions.js';
import type { Cli } from '../cli.js';
import { chooseConnections } from '../connections.js';
import { withMirror } from '../mirror.js';
import { parseId, parseIds } from '../row-ids.js';

interface Options {
  readonly all?: boolean;
  readonly adopt?: string;
  readonly create?: boolean;
  readonly connection?: string;
  readonly demo?: boolean;
}

const everySource = Object.values(sources);

export function addRetry(program: Command, cli: Cli): void {
  program
    .command('retry')
    .usage('[--all | ROW… | ROW --adopt ID | ROW --create]')
    .argument('[ROW...]', 'row_id of failed rows', parseIds)
    .description('send failed rows again, or settle a create of unknown outcome by hand')
    .option('--all', 'all failed rows')
    .option('--adopt <ID>', 'the task with this id at the API is what the create of ROW has made', parseId)
    .option('--create', 'the create of ROW has made nothing: create it again')
    .option('--connection <NAME>', 'with --all: only of this one')
    .option('--demo', "in the demo's mirror")
    .addHelpText(
      'after',
      '\nExample:\n  $ npx taskmirror retry --all\n  $ npx taskmirror retry 12 --adopt 345',
    )
    .action((rows: readonly string[], options: Options) => retry([...new Set(rows)], options, cli));
}

async function retry(rows: readonly string[], options: Options, cli: Cli): Promise<void> {
  checkUsage(rows, options);
  const [row] = rows;
  await withMirror(cli, options, async ({ db }) => {
    if (options.all) await retryAll(db, options.connection, cli);
    else if (row !== undefined && options.adopt !== undefined)
      await settle(db, row, Number(options.adopt), cli);
    else if (row !== undefined && options.create) await settle(db, row, 'create', cli);
    else await retryNamed(db, rows, cli);
  });
}

function checkUsage(rows: readonly string[], { all, adopt, create, connection }: Options): void {
  const decides = adopt !== undefined || create;
  const wrong =
    (adopt !== undefined && create && '--adopt and --create exclude each other') ||
    (adopt !== undefined &&
      !Number.isSafeInteger(Number(adopt)) &&
      `--adopt ${adopt}: no API has such an id`) ||
    (decides && (all || rows.length !== 1) && '--adopt and --create settle one ROW at a time: name one') ||
    (all && rows.length > 0 && '--all means every failed row: leave out either that or the rows') ||
    (connection !== undefined && !all && '--connection goes with --all: a ROW is in one connection only') ||
    (!all && rows.length === 0 && 'name the rows, or --all: `npx taskmirror plan` shows which have failed');
  if (wrong) throw new TaskmirrorError('usage', `${wrong}.`);
}

async function retryAll(db: Database, connection: string | undefined, { output }: Cli): Promise<void> {
  if (connection !== undefined) await chooseConnections(db, connection);
  const total = await asLocalWriter(db, (tx) => retryAllRows(tx, everySource, connection ?? null));
  output.write(`${retriedAllInWords(total)}\n`);
}

async function retryNamed(db: Database, rowIds: readonly string[], { output }: Cli): Promise<void> {
  const rows = await asLocalWriter(db, (tx) => retryRows(tx, everySource, rowIds));
  for (const row of rows) output.write(`${retriedInWords(row)}\n`);
}

async function settle(
  db: Database,
  rowId: string,
  decision: number | 'create',
  { output }: Cli,
): Promise<void> {
  const { connection } = await asLocalWriter(db, (tx) =>
    decideCreate(tx, everySource, rowId, decision === 'create' ? decision : { adopt: decision }),
  );
  const what =
    decision === 'create'
      ? 'will be created again by the next push'
      : `will take task ${decision} for what its create has made, once the API confirms that there is one`;
  output.write(`Row ${rowId} of ${connection} ${what}.\n`);
}
