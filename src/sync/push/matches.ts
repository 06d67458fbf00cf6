import { same } from '../../merge/values.js';
import type { Columns, Source } from '../../sources/source.js';

/**
 * How a task compares with what was sent: the API may have cut or normalised a value, or somebody may have edited the task since,
 * so that all values but one being equal, or the name beginning alike, is near enough not to be sure.
 */
export function matches({ fields }: Source, sent: Columns, task: Columns): 'exactly' | 'nearly' | 'not' {
  const told = fields.filter(
    (field) => field.columns.every(({ name }) => name in sent) && field.name !== 'vis_state',
  );
  const different = told.filter((field) => !same(field, sent, task));
  if (different.length === 0) return 'exactly';
  if (told.length > 1 && different.length === 1) return 'nearly';
  const [ours, theirs] = [folded(sent['name']), folded(task['name'])];
  return ours !== '' && theirs !== '' && (ours.startsWith(theirs) || theirs.startsWith(ours))
    ? 'nearly'
    : 'not';
}

const folded = (name: unknown): string =>
  String(name ?? '')
    .trim()
    .replace(/\s+/g, ' ')
    .toLowerCase();
