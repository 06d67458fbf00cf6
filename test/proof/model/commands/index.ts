import fc from 'fast-check';
import type { SourceName } from '../../../../src/sources/source.js';
import type { Command } from '../history.js';
import { atApi } from './at-api.js';
import { byHand } from './by-hand.js';
import { inSql } from './in-sql.js';
import type { CommandKind } from './kind.js';
import { links } from './links.js';
import { many } from './many.js';
import { refused } from './refused.js';
import { trouble } from './trouble.js';
import { work } from './work.js';

/** Everything that can happen in a history. */
export const kinds: readonly CommandKind[] = [
  ...atApi,
  ...inSql,
  ...byHand,
  ...links,
  ...many,
  ...refused,
  ...work,
  ...trouble,
];

export function kindOf(name: string): CommandKind {
  const found = kinds.find((kind) => kind.name === name);
  if (found === undefined) throw new Error(`No kind of command is called "${name}".`);
  return found;
}

/** Those that can happen at this source, each as often as `often` says, which is given how often it usually does. */
export const commandsOf = (
  source: SourceName,
  often: (name: string, usual: number) => number,
): fc.Arbitrary<Command> =>
  fc.oneof(
    ...kinds
      .filter(({ name, only = source, weight }) => only === source && often(name, weight) > 0)
      .map(({ name, weight, arbitrary }) => ({
        weight: often(name, weight),
        arbitrary: fc.record({
          do: fc.constant(name),
          with: arbitrary,
          steps: fc.oneof(
            { weight: 2, arbitrary: fc.nat({ max: 6 }) },
            { weight: 2, arbitrary: fc.nat({ max: 25 }) },
            { weight: 1, arbitrary: fc.nat({ max: 90 }) },
          ),
          order: fc.oneof(
            { weight: 1, arbitrary: fc.constant(0) },
            { weight: 3, arbitrary: fc.nat({ max: 2 ** 20 }) },
          ),
        }),
      })),
  );
