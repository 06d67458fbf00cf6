import type { LinkCounts, ListedLink } from '../mirror/list-links.js';
import { counted, number } from './figures.js';

/** `3 rules, 120 linked, 2 ambiguous, 0 failed` */
export const linksInWords = ({ rules, linked, ambiguous, failed }: LinkCounts): string =>
  `${counted(rules, 'rule')}, ${number(linked)} linked, ${number(ambiguous)} ambiguous, ${number(failed)} failed`;

/** What needs a person of tasks that are kept as one, one sentence each. */
export function linkNeeds(links: LinkCounts | null): readonly (string | false)[] {
  if (links === null) return [];
  const { ambiguous, failed, problems } = links;
  return [
    ambiguous > 0 &&
      `${counted(ambiguous, 'link')} ${ambiguous === 1 ? 'is' : 'are'} ambiguous: taskmirror links shows the candidates, and links resolve decides.`,
    failed > 0 && `${counted(failed, 'link')} failed: taskmirror links says why.`,
    ...problems.map(({ rule, problem }) => `The link rule ${rule}: ${problem}`),
  ];
}

/** A sentence in parts: what a person types stands apart. */
export type Spoken = readonly ({ readonly words: string } | { readonly command: string })[];

/** What to do about a link that is ambiguous or failed. */
export function linkCure({ linkId, state, stuck, candidates, invoiced, freshbooks }: ListedLink): Spoken {
  if (state === 'ambiguous') {
    const row = candidates[0]?.rowId ?? 'ROW';
    return [
      { words: 'Say which is the other task, with ' },
      { command: `taskmirror links resolve ${linkId} ${row}` },
      { words: ', or that none is, with ' },
      { command: `taskmirror links resolve ${linkId} --none` },
      { words: '. Or rename one, so that it can be told.' },
    ];
  }
  const refused = [invoiced, freshbooks].flatMap((row) => (row?.refused ? [row.rowId] : []));
  const again: Spoken =
    stuck || refused.length === 0
      ? [{ words: 'It is tried again when one of the two tasks is changed; ' }]
      : [
          { words: 'Put right what its API complains of, and send it again with ' },
          { command: `taskmirror retry ${refused.join(' ')}` },
          { words: '; ' },
        ];
  return [
    ...again,
    { words: 'to keep them as one no more, use ' },
    { command: `taskmirror links remove ${linkId}` },
    { words: '.' },
  ];
}
