import type { Mutation } from './mutation.js';

/** The list as docs/invariants.md shows it. */
export function asTable(mutations: readonly Mutation[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return [
    '| id | without the line | which stands in | and this test fails |',
    '|---|---|---|---|',
    ...mutations.map(({ invariant, breaks, file, killedBy }) => {
      const at = killedBy.indexOf(': ');
      const test = `\`${killedBy.slice(0, at)}\`: ${cell(killedBy.slice(at + 2))}…`;
      return `| ${invariant} | ${cell(breaks)} | \`${file}\` | ${test} |`;
    }),
  ].join('\n');
}
