import { type Command, InvalidArgumentError, Option } from 'commander';
import { TaskmirrorError } from '../../errors.js';
import { previewRule } from '../../links/preview.js';
import { checkRule } from '../../links/rules.js';
import { addRule, dropRule } from '../../links/save-rule.js';
import { type LinkRule, listRules } from '../../mirror/link-rules.js';
import { counted } from '../../words/figures.js';
import type { Cli } from '../cli.js';
import { jsonText } from '../json.js';
import { withMirror } from '../mirror.js';
import { previewDocument, ruleDocument } from './document.js';
import { readablePreview, readableRules } from './readable.js';

interface Shown {
  readonly json?: boolean;
  readonly demo?: boolean;
}

interface Add extends Shown {
  readonly invoiced: string;
  readonly freshbooks: string;
  readonly invoicedWhere: string;
  readonly freshbooksWhere: string;
  readonly match: LinkRule['match'];
  readonly create: LinkRule['creates'];
  readonly action?: string;
  readonly dueDays?: number;
  readonly customer?: number;
  readonly user?: number;
  readonly rate?: string;
  readonly currency?: string;
  readonly billable: boolean;
  readonly name: boolean;
  readonly complete?: 'archived' | 'deleted';
  readonly onDelete: LinkRule['onDelete'];
  readonly winner: LinkRule['winner'];
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `links rules`: a verb of its own under `links`. */
export function addRules(links: Command, cli: Cli): void {
  const rules = links
    .command('rules')
    .usage('[list | add NAME | remove NAME]')
    .description('which tasks are linked, and how')
    .helpCommand(false)
    .addHelpText('after', EXAMPLE);
  rules
    .command('list', { isDefault: true })
    .description('all of them, and what stands in their way')
    .option('--json', 'one JSON document')
    .option('--demo', "the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((options: Shown) => list(options, cli));
  rules
    .command('add')
    .argument('<NAME>', 'what the rule is called', parseName)
    .description(
      'link tasks by a rule from now on; one that would make or change more than 20 rows asks for --yes',
    )
    .option('--invoiced <CONNECTION>', 'of which Invoiced connection', 'invoiced')
    .option('--freshbooks <CONNECTION>', 'of which FreshBooks connection', 'freshbooks')
    .option('--invoiced-where <SQL>', 'which rows of invoiced.tasks: a condition on their columns', 'true')
    .option('--freshbooks-where <SQL>', 'which rows of freshbooks.tasks', 'true')
    .addOption(
      new Option('--match <HOW>', 'how tasks that are there find each other')
        .choices(['name', 'none'])
        .default('name'),
    )
    .addOption(
      new Option('--create <WHERE>', 'where a missing task is made')
        .choices(['none', 'invoiced', 'freshbooks', 'both'])
        .default('none'),
    )
    .addOption(
      new Option('--action <ACTION>', 'of tasks made in Invoiced').choices([
        'phone',
        'letter',
        'email',
        'review',
      ]),
    )
    .option('--due-days <N>', 'in how many days tasks made in Invoiced are due', parseDays)
    .option('--customer <ID>', 'the customer of tasks made in Invoiced', parseNumber)
    .option('--user <ID>', 'the user of tasks made in Invoiced', parseNumber)
    .option('--rate <AMOUNT>', 'of tasks made in FreshBooks', parseAmount)
    .option('--currency <CODE>', 'the currency of the rate, such as USD', parseCurrency)
    .option('--no-billable', 'tasks made in FreshBooks are not billable')
    .option('--no-name', 'names are not shared')
    .addOption(
      new Option('--complete <AS>', 'share complete in Invoiced: in FreshBooks it is').choices([
        'archived',
        'deleted',
      ]),
    )
    .addOption(
      new Option('--on-delete <WHAT>', 'what deleting one task does to the other')
        .choices(['delete', 'unlink'])
        .default('delete'),
    )
    .addOption(
      new Option('--winner <SIDE>', 'whose value is kept where both were changed')
        .choices(['invoiced', 'freshbooks', 'newest'])
        .default('newest'),
    )
    .option('--replace', 'change the rule of this name; its links go on')
    .option('--dry-run', 'show what it would do, and save nothing')
    .option('--yes', 'though it makes or changes more than 20 rows')
    .option('--json', 'one JSON document')
    .option('--demo', "in the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((name: string, options: Add) => add(name, options, cli));
  rules
    .command('remove')
    .argument('<NAME>', 'the rule')
    .description('link nothing by it any more, and end its links; all tasks stay as they are')
    .option('--json', 'one JSON document')
    .option('--demo', "from the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((name: string, options: Shown) => remove(name, options, cli));
}

const EXAMPLE = `
Example:
  $ npx taskmirror links rules add dunning --invoiced-where "action = 'phone' and not complete" --freshbooks-where "name ilike 'dunning call%'" --create freshbooks --rate 25 --currency USD --complete archived --dry-run
  $ npx taskmirror links rules
  $ npx taskmirror links rules remove dunning`;

async function list({ json, demo }: Shown, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    const rules = await listRules(db);
    cli.output.write(`${json ? jsonText(rules.map(ruleDocument)) : readableRules(rules)}\n`);
  });
}

async function add(name: string, options: Add, cli: Cli): Promise<void> {
  const rule = ruleOf(name, options);
  const { replace = false, dryRun = false, yes = false, json, demo } = options;
  await withMirror(cli, { demo }, async ({ db }) => {
    if (dryRun) await checkRule(db, rule);
    const preview = dryRun ? await previewRule(db, rule) : await addRule(db, rule, { replace, yes });
    const saved = `The rule ${name} is saved: it links ${counted(preview.pairs.length, 'pair')} and makes ${counted(preview.missing.length + preview.waiting, 'task')}; ${preview.ambiguous.length} ambiguous. Look with taskmirror links.`;
    const text = json
      ? jsonText(previewDocument(name, preview))
      : dryRun
        ? readablePreview(name, preview)
        : saved;
    cli.output.write(`${text}\n`);
  });
}

async function remove(name: string, { json, demo }: Shown, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    const ended = await dropRule(db, name);
    const told = `The rule ${name} is removed, with its ${counted(ended, 'link')}; all tasks stay as they are.`;
    cli.output.write(`${json ? jsonText({ rule: name, links_ended: ended }) : told}\n`);
  });
}

function ruleOf(name: string, options: Add): LinkRule {
  const { create, action, dueDays, rate, currency } = options;
  if (create === 'invoiced' || create === 'both') {
    if (action === undefined || dueDays === undefined)
      throw new TaskmirrorError(
        'usage',
        'Invoiced asks for more than a name: say with --action and --due-days what tasks made there are.',
      );
  }
  if ((rate === undefined) !== (currency === undefined))
    throw new TaskmirrorError('usage', '--rate and --currency go together: give both or neither.');
  return {
    name,
    invoicedConnection: options.invoiced,
    freshbooksConnection: options.freshbooks,
    invoicedWhere: options.invoicedWhere,
    freshbooksWhere: options.freshbooksWhere,
    match: options.match,
    creates: create,
    invoicedAction: action ?? null,
    invoicedCustomerId: options.customer ?? null,
    invoicedUserId: options.user ?? null,
    invoicedDueDays: dueDays ?? null,
    freshbooksRateAmount: rate ?? null,
    freshbooksRateCode: currency ?? null,
    freshbooksBillable: options.billable,
    shareName: options.name,
    complete: options.complete ?? null,
    onDelete: options.onDelete,
    winner: options.winner,
  };
}

function parseName(text: string): string {
  if (!/^[\w][\w .-]{0,62}$/.test(text))
    throw new InvalidArgumentError('use letters, digits, ".", "-" and "_"');
  return text;
}

function parseNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('use a whole number');
  return Number(text);
}

function parseDays(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) > MOST_DAYS)
    throw new InvalidArgumentError(`use a whole number up to ${MOST_DAYS}`);
  return Number(text);
}

/** As sync.link_rules has it: ten years. */
const MOST_DAYS = 3_660;

function parseCurrency(text: string): string {
  if (!/^[A-Z]{3}$/.test(text)) throw new InvalidArgumentError('use three capital letters, such as USD');
  return text;
}

function parseAmount(text: string): string {
  if (!/^\d{1,12}(\.\d{1,2})?$/.test(text))
    throw new InvalidArgumentError('use an amount such as 25 or 25.50');
  return text;
}
