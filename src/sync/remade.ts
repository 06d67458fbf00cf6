import { holds, pick, same } from '../merge/values.js';
import { type RemadeField, SHARED, SHORTEST_CUT } from '../mirror/crossed.js';
import type { MirrorRow } from '../mirror/tasks.js';
import type { Columns, Source } from '../sources/source.js';

/**
 * What an API has, as far as can be told, made of texts that came over a link and whose answer was lost: they were never there, and are what
 * was sent, cut, or without the blanks around it. As an edit they would go back over the link, and undo there what they were made of. What
 * somebody has written to look just so is kept as well: by the API and in the row, and what was sent stands in the journal.
 */
export function findRemade(
  { fields }: Source,
  { comeOver }: Pick<MirrorRow, 'comeOver'>,
  base: Columns | null,
  sent: readonly Columns[],
  remote: Columns,
): readonly RemadeField[] {
  if (!comeOver || base === null) return [];
  return fields.flatMap((field) => {
    const [column, ...more] = field.columns;
    if (!SHARED.has(field.name) || column?.type !== 'text' || more.length > 0) return [];
    if (!holds(field, remote) || same(field, remote, base)) return [];
    const bodies = sent.filter((body) => holds(field, body));
    if (bodies.some((body) => same(field, body, remote))) return [];
    const body = bodies.find((each) => mayBeMadeOf(each[column.name], remote[column.name]));
    return body === undefined ? [] : [{ field, sent: pick(field, body), shown: pick(field, remote) }];
  });
}

/** Whether an API may have cut a text to this, or taken the blanks around it away. */
export function mayBeMadeOf(sent: unknown, shown: unknown): boolean {
  if (typeof sent !== 'string' || typeof shown !== 'string') return false;
  return shown === sent.trim() || (shown.length >= SHORTEST_CUT && sent.startsWith(shown));
}
