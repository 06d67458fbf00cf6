import { type Command, InvalidArgumentError } from 'commander';
import { TaskmirrorError } from '../../errors.js';
import { addLink, removeLink, resolveLink } from '../../links/by-hand.js';
import { previewRule } from '../../links/preview.js';
import { checkRule } from '../../links/rules.js';
import { findRule } from '../../links/save-rule.js';
import { listLinks } from '../../mirror/list-links.js';
import type { Cli } from '../cli.js';
import { jsonText } from '../json.js';
import { linkDocument, previewDocument } from '../links/document.js';
import { readableLinks, readablePreview } from '../links/readable.js';
import { addRules } from '../links/rules.js';
import { withMirror } from '../mirror.js';
import { parseId } from '../row-ids.js';

interface Options {
  readonly all?: boolean;
  readonly rule?: string;
  readonly limit?: number;
  readonly none?: boolean;
  readonly json?: boolean;
  readonly demo?: boolean;
}

export function addLinks(program: Command, cli: Cli): void {
  const links = program
    .command('links')
    .usage('[list | rules | preview RULE | add ROW ROW | resolve LINK ROW | remove LINK]')
    .description('tasks that are kept as one in Invoiced and FreshBooks, and the rules that link them')
    .helpCommand(false)
    .addHelpText('after', EXAMPLE);
  links
    .command('list', { isDefault: true })
    .description('what is linked; what needs a person comes first')
    .option('--all', 'those that are over, too')
    .option('--rule <NAME>', 'only of this rule')
    .option('--limit <N>', 'no more than these (default: 100 for a person, all with --json)', parseLimit)
    .option('--json', 'one JSON document')
    .option('--demo', "the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((options: Options) => list(options, cli));
  addRules(links, cli);
  links
    .command('preview')
    .argument('<RULE>', 'its name')
    .description('what a rule would link, make and change now; does nothing of it')
    .option('--json', 'one JSON document')
    .option('--demo', "the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((rule: string, options: Options) => preview(rule, options, cli));
  links
    .command('add')
    .argument('<INVOICED_ROW>', 'row_id of a row of invoiced.tasks', parseId)
    .argument('<FRESHBOOKS_ROW>', 'row_id of a row of freshbooks.tasks', parseId)
    .description('link two tasks; without a rule name and deletion are shared, and the newest change wins')
    .option('--rule <NAME>', 'share what this rule shares')
    .option('--json', 'one JSON document')
    .option('--demo', "in the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((left: string, right: string, options: Options) => add(left, right, options, cli));
  links
    .command('resolve')
    .argument('<LINK>', 'the number of an ambiguous link', parseId)
    .argument('[ROW]', 'the row that is the other half, one of its candidates', parseId)
    .description('say which row is the other half of an ambiguous link')
    .option('--none', 'none of them is: its row is left alone')
    .option('--json', 'one JSON document')
    .option('--demo', "in the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((link: string, row: string | undefined, options: Options) => resolve(link, row, options, cli));
  links
    .command('remove')
    .argument('<LINK>', 'its number', parseId)
    .description('end a link; both tasks stay as they are, and no rule links them again')
    .option('--json', 'one JSON document')
    .option('--demo', "in the demo's mirror")
    .addHelpText('after', EXAMPLE)
    .action((link: string, options: Options) => remove(link, options, cli));
}

const EXAMPLE = `
Example:
  $ npx taskmirror links rules add dunning --invoiced-where "action = 'phone' and not complete" --create freshbooks --rate 25 --currency USD --dry-run
  $ npx taskmirror links
  $ npx taskmirror links resolve 7 1234`;
const SHOWN = 100;

async function list({ all, rule, limit, json, demo }: Options, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    if (rule !== undefined) await findRule(db, rule);
    const found = await listLinks(db, {
      rule: rule ?? null,
      ended: all ?? false,
      limit: limit ?? (json ? null : SHOWN),
    });
    cli.output.write(
      `${json ? jsonText(found.links.map(linkDocument)) : readableLinks(found.links, found.total)}\n`,
    );
  });
}

async function preview(name: string, { json, demo }: Options, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    const rule = await findRule(db, name);
    await checkRule(db, rule);
    const found = await previewRule(db, rule);
    cli.output.write(`${json ? jsonText(previewDocument(name, found)) : readablePreview(name, found)}\n`);
  });
}

async function add(left: string, right: string, { rule, json, demo }: Options, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    if (rule !== undefined) await findRule(db, rule);
    const linkId = await addLink(db, left, right, rule ?? null);
    const text = json
      ? jsonText({ link_id: linkId })
      : `Link ${linkId} keeps row ${left} and row ${right} as one.`;
    cli.output.write(`${text}\n`);
  });
}

async function resolve(
  link: string,
  row: string | undefined,
  { none, json, demo }: Options,
  cli: Cli,
): Promise<void> {
  if ((row === undefined) !== (none === true)) {
    throw new TaskmirrorError(
      'usage',
      'Name the row that is the other half, or give --none: `npx taskmirror links` shows the candidates.',
    );
  }
  await withMirror(cli, { demo }, async ({ db }) => {
    const linkId = await resolveLink(db, link, row ?? null);
    const told =
      row === undefined
        ? `Link ${link} is over: its row is left alone.`
        : `Link ${linkId} keeps it and row ${row} as one.`;
    cli.output.write(`${json ? jsonText({ link_id: linkId }) : told}\n`);
  });
}

async function remove(link: string, { json, demo }: Options, cli: Cli): Promise<void> {
  await withMirror(cli, { demo }, async ({ db }) => {
    await removeLink(db, link);
    cli.output.write(
      `${json ? jsonText({ link_id: link }) : `Link ${link} is over; both tasks stay as they are.`}\n`,
    );
  });
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('use a whole number from 1 on');
  return Number(text);
}
