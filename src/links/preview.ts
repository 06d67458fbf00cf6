import type { Columns } from '../fields.js';
import type { Database } from '../mirror/database.js';
import { type DueLink, readNewlyShared, type Sharing } from '../mirror/due-links.js';
import type { LinkRule } from '../mirror/link-rules.js';
import { type LinkedRow, readSides } from '../mirror/linked-rows.js';
import { type Found, type FreeRow, findFor } from '../mirror/rule-query.js';
import { mergeSides } from './merge-sides.js';

/** What a rule would do now. Nothing of it is done. */
export interface Preview {
  readonly pairs: readonly PreviewedPair[];
  /** What is linked by it already and would be changed, since it is to share more than it does. */
  readonly linked: readonly PreviewedPair[];
  readonly ambiguous: Found['ambiguous'];
  readonly missing: Found['missing'];
  /** How many more would be made once the other side was read again. */
  readonly waiting: number;
  /** How many rows it would make or change. */
  readonly touched: number;
  /** Whether there is more than is shown. */
  readonly more: boolean;
}

export interface PreviewedPair {
  readonly left: Pick<FreeRow, 'rowId' | 'name'>;
  readonly right: Pick<FreeRow, 'rowId' | 'name'>;
  /** What would be changed of each; null for nothing. */
  readonly setLeft: Columns | null;
  readonly setRight: Columns | null;
}

const MOST = 1_000;

/** A rule need not be saved to be looked at. Its conditions must have been checked. */
export async function previewRule(db: Database, rule: LinkRule): Promise<Preview> {
  const found = await findFor(db, rule, MOST);
  const sharing: Sharing = {
    name: rule.shareName,
    complete: rule.complete,
    onDelete: rule.onDelete,
    winner: rule.winner,
  };
  const sides = await readSides(
    db,
    found.pairs.map(({ left, right }) => [left.rowId, right.rowId] as const),
  );
  const pairs = found.pairs.map(({ left, right }, n): PreviewedPair => {
    const side = sides[n] ?? { left: null, right: null };
    const unseen = { linkId: '0', base: null, leftSeen: null, rightSeen: null };
    return { left, right, ...changesOf({ ...unseen, ...side }, sharing) };
  });
  const shared = await readNewlyShared(db, rule.name, sharing, MOST);
  const linked = shared.flatMap((link): readonly PreviewedPair[] => {
    const { left, right } = link;
    return left && right ? [{ left: shown(left), right: shown(right), ...changesOf(link, sharing) }] : [];
  });
  const touched = [...pairs, ...linked].flatMap(({ setLeft, setRight }) => [setLeft, setRight]);
  return {
    pairs,
    linked: linked.filter(isChanged),
    ambiguous: found.ambiguous,
    missing: found.missing,
    waiting: found.waiting,
    touched: touched.filter((set) => set !== null).length + found.missing.length + found.waiting,
    more: Math.max(pairs.length, shared.length, found.missing.length, found.ambiguous.length) >= MOST,
  };
}

/** Whether it would change one of the two. */
export const isChanged = ({ setLeft, setRight }: PreviewedPair): boolean =>
  setLeft !== null || setRight !== null;

const shown = ({ rowId, columns }: LinkedRow) => ({ rowId, name: String(columns['name'] ?? '') });

function changesOf(
  link: Omit<DueLink, 'sharing' | 'ruleVersion'>,
  sharing: Sharing,
): Pick<PreviewedPair, 'setLeft' | 'setRight'> {
  const { left, right } = link;
  const carry = left && right ? mergeSides({ ...link, sharing, ruleVersion: null }, left, right) : 'unlink';
  return typeof carry === 'string'
    ? { setLeft: null, setRight: null }
    : { setLeft: carry.left, setRight: carry.right };
}
