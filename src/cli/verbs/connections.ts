import { type Command, Option } from 'commander';
import { TaskmirrorError } from '../../errors.js';
import { findConnection } from '../../mirror/connections.js';
import { listAll, listLeftRows } from '../../mirror/list-connections.js';
import { sources } from '../../sources/index.js';
import type { Cli } from '../cli.js';
import { type AddFreshbooks, addFreshbooks } from '../connections/add-freshbooks.js';
import { type AddInvoiced, addInvoiced } from '../connections/add-invoiced.js';
import { documentOf, readable } from '../connections/list.js';
import { remove } from '../connections/remove.js';
import { checkName, openVault, taken } from '../connections/vault.js';
import { jsonText } from '../json.js';
import { type Mirror, withMirror } from '../mirror.js';
import { makeMirror } from '../mirror-server.js';

type Add = AddInvoiced &
  AddFreshbooks & { readonly source: 'invoiced' | 'freshbooks'; readonly demo?: boolean };

interface Remove {
  readonly dropRows?: boolean;
  readonly abandonEdits?: boolean;
  readonly demo?: boolean;
}

export function addConnections(program: Command, cli: Cli): void {
  const connections = program
    .command('connections')
    .usage('[list | add NAME | remove NAME]')
    .description('the accounts that are mirrored: further ones beside the two from the environment')
    .helpCommand(false)
    .addHelpText('after', EXAMPLE);
  connections
    .command('list', { isDefault: true })
    .description('all of them, where they come from and how they stand')
    .option('--json', 'one JSON document')
    .option('--demo', "the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((options: { json?: boolean; demo?: boolean }) => list(options, cli));
  connections
    .command('add')
    .argument('<NAME>', 'what the connection is to be called')
    .description('add an account; its secret is asked for, or read from a file, and stored encrypted')
    .addOption(
      new Option('--source <SOURCE>', 'which API').choices(['invoiced', 'freshbooks']).makeOptionMandatory(),
    )
    .option('--key-file <FILE>', 'Invoiced: the file with the API key (-: standard input)')
    .option('--no-check', 'Invoiced: store the key without trying it')
    .option('--account-id <ID>', 'FreshBooks: which account; else it is chosen at the consent')
    .option('--share <NAME>', 'FreshBooks: use the consent of this connection, given by the same user')
    .option('--client-id <ID>', 'FreshBooks: another OAuth application than that of the environment')
    .option('--redirect-uri <ADDRESS>', 'FreshBooks: the redirect address of that application')
    .option('--client-secret-file <FILE>', 'FreshBooks: the file with its secret (-: standard input)')
    .option('--base-url <ADDRESS>', "the API's address, if not the usual one")
    .option('--demo', "in the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((name: string, options: Add) => add(name, options, cli));
  connections
    .command('remove')
    .argument('<NAME>', 'the connection')
    .description('stop mirroring an account; its rows stay readable')
    .option('--drop-rows', 'delete its mirrored rows and its history too; nothing is deleted at the API')
    .option('--abandon-edits', 'though local edits have not reached the API')
    .option('--demo', "from the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((name: string, options: Remove) => takeAway(name, options, cli));
}

const EXAMPLE = `
Example:
  $ npx taskmirror connections add west --source invoiced
  $ npx taskmirror connections add studio --source freshbooks && npx taskmirror connect studio
  $ npx taskmirror connections add second --source freshbooks --share studio
  $ npx taskmirror connections remove west`;

async function list({ json, demo }: { json?: boolean; demo?: boolean }, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    const [connections, left] = [await listAll(db), await listLeftRows(db, Object.values(sources))];
    cli.output.write(`${json ? jsonText(documentOf(connections, left)) : readable(connections, left)}\n`);
  });
}

async function add(name: string, options: Add, cli: Cli): Promise<void> {
  const { source, demo } = options;
  checkName(name, source);
  checkOptions(options);
  if (!demo) await makeMirror(cli);
  await withMirror(cli, { demo }, async (mirror) => {
    if (mirror.config.invoiced && name === 'invoiced') throw taken(name);
    if (mirror.config.freshbooks && name === 'freshbooks') throw taken(name);
    const sealer = await openVault(mirror.db, mirror.config);
    await refuseLeftovers(name, source, mirror);
    const told =
      source === 'invoiced'
        ? await addInvoiced(name, options, mirror, sealer, cli)
        : await addFreshbooks(name, options, mirror, sealer, cli);
    cli.output.write(`${told}\n`);
  });
}

/** Before anybody types a secret in vain. */
async function refuseLeftovers(name: string, source: string, { db }: Mirror): Promise<void> {
  if (await findConnection(db, name)) throw taken(name);
  const left = (await listLeftRows(db, Object.values(sources))).find((one) => one.name === name);
  if (left === undefined || left.source === source) return;
  throw new TaskmirrorError(
    'usage',
    `Rows of a removed ${left.source} connection ${name} are still there: choose another name, or drop them with taskmirror connections remove ${name} --drop-rows.`,
  );
}

function checkOptions({ source, keyFile, check, ...options }: Add): void {
  const { accountId, share, clientId, redirectUri, clientSecretFile } = options;
  const foreign =
    source === 'invoiced'
      ? (accountId ?? share ?? clientId ?? redirectUri ?? clientSecretFile)
      : (keyFile ?? (check ? undefined : '--no-check'));
  if (foreign === undefined) return;
  const other = source === 'invoiced' ? 'FreshBooks' : 'Invoiced';
  throw new TaskmirrorError(
    'usage',
    `A connection to ${source} takes no option that is for ${other}: see --help.`,
  );
}

async function takeAway(
  name: string,
  { dropRows = false, abandonEdits = false, demo }: Remove,
  cli: Cli,
): Promise<void> {
  await withMirror(cli, { demo }, async (mirror) => {
    cli.output.write(`${await remove(name, { dropRows, abandonEdits }, mirror)}\n`);
  });
}
