import { same } from '../../merge/values.js';
import type { Columns, Field, Source } from '../../sources/source.js';

/**
 * How a task compares with what a create sent. `whole`: it holds just that, and nothing in the fields that the create left out. `sent`:
 * all that was sent, and more, which the API may have filled in.
 */
export function fits({ fields }: Source, sent: Columns, task: Columns): 'whole' | 'sent' | 'not' {
  let whole = true;
  for (const field of fields) {
    if (!field.writable || field.name === 'vis_state') continue;
    if (tells(field, sent)) {
      if (!same(field, sent, task)) return 'not';
    } else if (!isNothing(field, task)) whole = false;
  }
  return whole ? 'whole' : 'sent';
}

/** How much a task is like what a create sent: for the order in which candidates are named, and nothing else. */
export function likeness({ fields }: Source, sent: Columns, task: Columns): number {
  const equal = fields.filter((field) => tells(field, sent) && same(field, sent, task)).length;
  const [ours, theirs] = [folded(sent['name']), folded(task['name'])];
  const alike = ours !== '' && theirs !== '' && (ours.startsWith(theirs) || theirs.startsWith(ours));
  return equal + (alike ? 1 : 0);
}

const tells = ({ columns }: Field, sent: Columns): boolean => columns.every(({ name }) => name in sent);

/** What both APIs show for a field that nobody has filled in; a rate of nothing has a currency. */
function isNothing({ columns }: Field, task: Columns): boolean {
  const [first] = columns;
  return first === undefined || NOTHING.has(task[first.name] ?? first.absent);
}

const NOTHING: ReadonlySet<Columns[string]> = new Set([null, '', 0, '0.00', false]);

const folded = (name: unknown): string =>
  String(name ?? '')
    .trim()
    .replace(/\s+/g, ' ')
    .toLowerCase();
