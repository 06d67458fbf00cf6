import { TaskmirrorError } from '../errors.js';
import { findConnection } from '../mirror/connections.js';
import { type Database, isRefusedData } from '../mirror/database.js';
import { wakePush } from '../mirror/edits.js';
import { type LinkRule, listRules, removeRule, saveRule } from '../mirror/link-rules.js';
import { asLinker } from '../mirror/linker.js';
import { type Preview, previewRule } from './preview.js';
import { checkRule } from './rules.js';

/** More rows than these are made or changed by a new rule only if a person has said so. */
export const UNASKED = 20;

/** Checks a rule and saves it, unless it would touch many rows and nobody has agreed to that. Gives what it will do. */
export async function addRule(
  db: Database,
  rule: LinkRule,
  { replace, yes }: { readonly replace: boolean; readonly yes: boolean },
): Promise<Preview> {
  for (const source of ['invoiced', 'freshbooks'] as const) {
    const name = rule[`${source}Connection`];
    const connection = await findConnection(db, name);
    if (connection?.source !== source) {
      throw new TaskmirrorError(
        'usage',
        `There is no connection ${name} to ${source}: \`npx taskmirror connections\` lists them; name one with --${source}.`,
      );
    }
  }
  if (!replace && (await listRules(db, rule.name)).length > 0) {
    throw new TaskmirrorError(
      'usage',
      `There is a rule ${rule.name} already: change it with --replace, which keeps its links.`,
    );
  }
  await checkRule(db, rule);
  const preview = await previewRule(db, rule);
  if (preview.touched > UNASKED && !yes) {
    throw new TaskmirrorError(
      'refused',
      `Nothing was saved: the rule ${rule.name} would make or change ${preview.more ? 'more than ' : ''}${preview.touched} rows. Look with --dry-run, and give --yes if that is right.`,
    );
  }
  try {
    await asLinker(db, async (tx) => {
      await saveRule(tx, rule);
      await wakePush(tx);
    });
  } catch (error) {
    if (!isRefusedData(error)) throw error;
    throw new TaskmirrorError(
      'usage',
      `Nothing was saved: ${error.message}. Look at --help for what goes together.`,
      {
        cause: error,
      },
    );
  }
  return preview;
}

/** A rule that stands, by its name. */
export async function findRule(db: Database, name: string): Promise<LinkRule> {
  const [rule] = await listRules(db, name);
  if (rule === undefined) throw unknownRule(name);
  return rule;
}

/** Removes a rule with its links: all rows stay as they are. Gives how many pairs were linked. */
export async function dropRule(db: Database, name: string): Promise<number> {
  const links = await asLinker(db, (tx) => removeRule(tx, name));
  if (links === null) throw unknownRule(name);
  return links;
}

const unknownRule = (name: string) =>
  new TaskmirrorError('usage', `There is no rule ${name}: \`npx taskmirror links rules\` lists them.`);
