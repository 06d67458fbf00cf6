import type { LinkCounts } from '../mirror/list-links.js';
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
