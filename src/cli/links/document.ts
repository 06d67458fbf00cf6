import type { Preview, PreviewedPair } from '../../links/preview.js';
import type { StoredRule } from '../../mirror/link-rules.js';
import type { ListedLink, ListedRow } from '../../mirror/list-links.js';
import type { FreeRow } from '../../mirror/rule-query.js';
import { at } from '../../words/values.js';

/** What `--json` writes; the names are public. */
export function linkDocument({
  linkId,
  rule,
  state,
  error,
  linkedAt,
  invoiced,
  freshbooks,
  candidates,
}: ListedLink): object {
  const row = (each: ListedRow | null) => each && { row_id: each.rowId, id: each.id, name: each.name };
  return {
    link_id: linkId,
    rule,
    state,
    error,
    linked_at: at(linkedAt),
    invoiced: row(invoiced),
    freshbooks: row(freshbooks),
    candidates: candidates.map(row),
  };
}

export function ruleDocument({ checked: _checked, version: _version, ...rule }: StoredRule): object {
  return Object.fromEntries(
    Object.entries(rule).map(([key, value]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}

export function previewDocument(
  rule: string,
  { pairs, linked, missing, ambiguous, waiting, touched, more }: Preview,
): object {
  const row = ({ rowId, name }: Pick<FreeRow, 'rowId' | 'name'>) => ({ row_id: rowId, name });
  const pair = ({ left, right, setLeft, setRight }: PreviewedPair) => ({
    invoiced: { ...row(left), changes: setLeft },
    freshbooks: { ...row(right), changes: setRight },
  });
  return {
    rule,
    pairs: pairs.map(pair),
    linked: linked.map(pair),
    makes: missing.map((each) => ({ in: each.in, for: row(each.row) })),
    ambiguous: ambiguous.map(({ side, row: one, candidates }) => ({
      in: side === 'left' ? 'invoiced' : 'freshbooks',
      row: row(one),
      candidates,
    })),
    waiting,
    touched,
    more,
  };
}
