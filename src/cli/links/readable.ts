import { isChanged, type Preview } from '../../links/preview.js';
import type { LinkRule, StoredRule } from '../../mirror/link-rules.js';
import type { ListedLink, ListedRow } from '../../mirror/list-links.js';
import { printableLine as printable } from '../../printable.js';
import { counted, number } from '../../words/figures.js';
import { at, namedRow } from '../../words/values.js';
import { formatTable } from '../table.js';

export function readableLinks(links: readonly ListedLink[], total: number): string {
  if (total === 0) return 'No tasks are linked. A rule links them: taskmirror links rules add --help.';
  const rows = links.map(({ linkId, rule, state, linkedAt, invoiced, freshbooks, candidates, error }) => {
    const other =
      candidates.length === 0 ? '' : `one of rows ${candidates.map(({ rowId }) => rowId).join(', ')}?`;
    const told = (row: ListedRow | null) => (row === null ? other : inWords(row));
    return [linkId, rule, state, at(linkedAt), told(invoiced), told(freshbooks), error];
  });
  const more =
    total > links.length
      ? `\n${number(links.length)} of ${number(total)} are shown; --limit ${total} shows all.`
      : '';
  const ambiguous = links.find(({ state }) => state === 'ambiguous');
  const hint =
    ambiguous === undefined
      ? ''
      : `\nTo decide an ambiguous one: taskmirror links resolve ${ambiguous.linkId} ${ambiguous.candidates[0]?.rowId ?? 'ROW'}, or --none`;
  return `${formatTable(['link', 'rule', 'state', 'since', 'Invoiced', 'FreshBooks', 'error'], rows)}\n(${counted(total, 'link')})${more}${hint}`;
}

const inWords = ({ rowId, id, name }: ListedRow): string => namedRow(rowId, id, name, 30);

export function readableRules(rules: readonly StoredRule[]): string {
  if (rules.length === 0)
    return 'There is no rule, so nothing crosses over. Make one: taskmirror links rules add --help.';
  return rules
    .map((rule) => {
      const lines = linesOf(rule).map(([label, text]) => `  ${label.padEnd(15)}${printable(text)}`);
      const waits = rule.ready ? [] : ['  ! waits until both connections have been read to the end once'];
      return [
        `${printable(rule.name)}`,
        ...lines,
        ...waits,
        ...(rule.problem === null ? [] : [`  ! ${printable(rule.problem)}`]),
      ].join('\n');
    })
    .join('\n\n');
}

function linesOf(rule: LinkRule): readonly (readonly [string, string])[] {
  const rate =
    rule.freshbooksRateAmount === null
      ? 'no rate'
      : `${rule.freshbooksRateAmount} ${rule.freshbooksRateCode}`;
  const shared = [
    rule.shareName && 'the name',
    rule.complete !== null && `complete as ${rule.complete}`,
    rule.onDelete === 'delete' ? 'deletion' : 'no deletion: it unlinks',
  ].filter(Boolean);
  return [
    ['Invoiced', `${rule.invoicedConnection}, where ${rule.invoicedWhere}`],
    ['FreshBooks', `${rule.freshbooksConnection}, where ${rule.freshbooksWhere}`],
    ['matches', rule.match === 'name' ? 'by name' : 'nothing that is there'],
    [
      'makes',
      rule.creates === 'none'
        ? 'nothing'
        : rule.creates === 'both'
          ? 'what is missing on either side'
          : `what is missing in ${rule.creates}`,
    ],
    ...(rule.creates === 'none' || rule.creates === 'freshbooks'
      ? []
      : [['in Invoiced', `${rule.invoicedAction}, due in ${rule.invoicedDueDays} days`] as const]),
    ...(rule.creates === 'none' || rule.creates === 'invoiced'
      ? []
      : [['in FreshBooks', `${rate}, ${rule.freshbooksBillable ? 'billable' : 'not billable'}`] as const]),
    ['shares', shared.join(', ')],
    ['winner', rule.winner],
  ];
}

export function readablePreview(
  name: string,
  { pairs, linked, missing, ambiguous, waiting, more }: Preview,
): string {
  const changed = pairs.filter(isChanged);
  const already = linked.length === 0 ? '' : `change ${counted(linked.length, 'linked pair')}, `;
  const head = `${printable(name)} would link ${counted(pairs.length, 'pair')} (${number(changed.length)} with a change), ${already}make ${counted(missing.length + waiting, 'task')} and leave ${number(ambiguous.length)} ambiguous. Nothing was done.`;
  const lines = [
    ...[...changed, ...linked].map(
      ({ left, right, setLeft, setRight }) =>
        `  row ${left.rowId} ${JSON.stringify(left.name)} and row ${right.rowId} ${JSON.stringify(right.name)}: ${[setLeft && `in Invoiced ${told(setLeft)}`, setRight && `in FreshBooks ${told(setRight)}`].filter(Boolean).join(', ')}`,
    ),
    ...missing.map(
      (each) =>
        `  make in ${each.in === 'invoiced' ? 'Invoiced' : 'FreshBooks'}: ${JSON.stringify(each.row.name)}, for row ${each.row.rowId}`,
    ),
    ...(waiting > 0 ? [`  ${counted(waiting, 'more task')} once the other side was read again`] : []),
    ...ambiguous.map(
      ({ row, candidates }) =>
        `  row ${row.rowId} ${JSON.stringify(row.name)} could be linked to any of rows ${candidates.join(', ')}`,
    ),
  ].map(printable);
  const cut =
    lines.length > SHOWN
      ? [...lines.slice(0, SHOWN), `  … and ${number(lines.length - SHOWN)} more; --json shows all`]
      : lines;
  return [head, ...cut, ...(more ? ['  (there are more than these)'] : [])].join('\n');
}

const SHOWN = 50;

const told = (set: Readonly<Record<string, unknown>>): string =>
  Object.entries(set)
    .map(([column, value]) => `${column} becomes ${JSON.stringify(value)}`)
    .join(', ');
