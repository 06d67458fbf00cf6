import { type Command, InvalidArgumentError } from 'commander';
import { findConflict, listConflicts } from '../../mirror/conflicts.js';
import { asLocalWriter } from '../../mirror/local-writer.js';
import { sources } from '../../sources/index.js';
import { type Restored, restoreConflict, unknownConflict } from '../../sync/restore.js';
import { restoredInWords } from '../../words/conflicts.js';
import type { Cli } from '../cli.js';
import { documentOf, restoredDocument } from '../conflicts/document.js';
import { readable, readableList } from '../conflicts/readable.js';
import { chooseConnections } from '../connections.js';
import { jsonText } from '../json.js';
import { withMirror } from '../mirror.js';
import { parseId, parseIds } from '../row-ids.js';

interface Options {
  readonly all?: boolean;
  readonly connection?: string;
  readonly limit?: number;
  readonly json?: boolean;
  readonly demo?: boolean;
}

const everySource = Object.values(sources);

export function addConflicts(program: Command, cli: Cli): void {
  const conflicts = program
    .command('conflicts')
    .usage('[list | show ID | restore ID]')
    .description('what was overruled when both sides had changed the same field, and putting it back')
    .helpCommand(false)
    .addHelpText('after', EXAMPLE);
  conflicts
    .command('list', { isDefault: true })
    .description('those not restored yet, the newest first')
    .option('--all', 'restored ones too')
    .option('--connection <NAME>', 'only of this one (default: all)')
    .option('--limit <N>', 'no more than these (default: 100 for a person, all with --json)', parseLimit)
    .option('--json', 'one JSON document')
    .option('--demo', "the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((options: Options) => list(options, cli));
  conflicts
    .command('show')
    .argument('<ID>', 'its number in the list', parseId)
    .description('one with all its values')
    .option('--json', 'one JSON document')
    .option('--demo', "the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((id: string, options: Options) => show(id, options, cli));
  conflicts
    .command('restore')
    .argument('<ID...>', 'numbers in the list', parseIds)
    .description(
      'make the overruled value a new local edit, which is sent to the API; a deleted task comes back with it',
    )
    .option('--json', 'one JSON document')
    .option('--demo', "in the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((ids: readonly string[], options: Options) => restore(ids, options, cli));
}

const EXAMPLE =
  '\nExample:\n  $ npx taskmirror conflicts\n  $ npx taskmirror conflicts show 12\n  $ npx taskmirror conflicts restore 12';
const SHOWN = 100;

async function list({ all, connection, limit, json, demo }: Options, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    if (connection !== undefined) await chooseConnections(db, connection);
    const found = await listConflicts(db, everySource, {
      connection: connection ?? null,
      restored: all ?? false,
      limit: limit ?? (json ? null : SHOWN),
    });
    cli.output.write(`${json ? jsonText(found.conflicts.map(documentOf)) : readableList(found)}\n`);
  });
}

async function show(id: string, { json, demo }: Options, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    const conflict = await findConflict(db, everySource, id, { lock: false });
    if (conflict === null) throw unknownConflict(id);
    cli.output.write(`${json ? jsonText(documentOf(conflict)) : readable(conflict)}\n`);
  });
}

async function restore(ids: readonly string[], { json, demo }: Options, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    const restored = await asLocalWriter(db, async (tx) => {
      const restored: Restored[] = [];
      for (const id of new Set(ids)) restored.push(await restoreConflict(tx, everySource, id));
      return restored;
    });
    const text = json ? jsonText(restored.map(restoredDocument)) : restored.map(restoredInWords).join('\n');
    cli.output.write(`${text}\n`);
  });
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('use a whole number from 1 on');
  return Number(text);
}
