import type { Columns } from '../fields.js';
import type { Database } from '../mirror/database.js';
import type { LinkRule } from '../mirror/link-rules.js';
import { readSides } from '../mirror/linked-rows.js';
import { type Found, type FreeRow, findFor } from '../mirror/rule-query.js';
import { mergeSides } from './merge-sides.js';

/** What a rule would do now. Nothing of it is done. */
export interface Preview {
  readonly pairs: readonly PreviewedPair[];
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
  readonly left: FreeRow;
  readonly right: FreeRow;
  /** What would be changed of each; null for nothing. */
  readonly setLeft: Columns | null;
  readonly setRight: Columns | null;
}

const MOST = 1_000;

/** A rule need not be saved to be looked at. Its conditions must have been checked. */
export async function previewRule(db: Database, rule: LinkRule): Promise<Preview> {
  const found = await findFor(db, rule, MOST);
  const sides = await readSides(
    db,
    found.pairs.map(({ left, right }) => [left.rowId, right.rowId] as const),
  );
  const sharing = {
    name: rule.shareName,
    complete: rule.complete,
    onDelete: rule.onDelete,
    winner: rule.winner,
  };
  const pairs = found.pairs.map(({ left, right }, n): PreviewedPair => {
    const side = sides[n];
    const link = {
      linkId: '0',
      left: null,
      right: null,
      base: null,
      leftSeen: null,
      rightSeen: null,
      sharing,
      ruleVersion: null,
    };
    const carry = side?.left && side.right ? mergeSides(link, side.left, side.right) : 'unlink';
    if (typeof carry === 'string') return { left, right, setLeft: null, setRight: null };
    return { left, right, setLeft: carry.left, setRight: carry.right };
  });
  const changed = pairs.reduce(
    (sum, { setLeft, setRight }) => sum + (setLeft === null ? 0 : 1) + (setRight === null ? 0 : 1),
    0,
  );
  return {
    pairs,
    ambiguous: found.ambiguous,
    missing: found.missing,
    waiting: found.waiting,
    touched: changed + found.missing.length + found.waiting,
    more: Math.max(pairs.length, found.missing.length, found.ambiguous.length) >= MOST,
  };
}
