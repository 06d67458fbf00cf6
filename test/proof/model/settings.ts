import fc from 'fast-check';
import type { SourceName } from '../../../src/sources/source.js';
import { commandsOf } from './commands/index.js';
import { ruleGiven } from './commands/link-rules.js';
import type { History, Setting } from './history.js';
import { otherThan } from './sides.js';
import { switches } from './switches.js';

/** A usual day, and moments around which wall clocks change: in November an hour comes twice. */
const moments = [
  '2026-06-10T15:00:00Z',
  '2026-06-10T15:00:00Z',
  '2026-11-01T05:40:00Z',
  '2026-11-01T06:40:00Z',
  '2026-03-08T06:40:00Z',
];

const settingAt = (
  source: SourceName,
  { beside = fc.constant(null), ...chosen }: Partial<Drawn> = {},
): fc.Arbitrary<Setting> =>
  fc.record({
    source: fc.constant(source),
    seed: fc.nat(),
    startAt: fc.constantFrom(...moments),
    policy: fc.constantFrom('remote' as const, 'local' as const, 'newest' as const),
    tasks: fc.oneof(
      // Few, so that people and workers meet.
      { weight: 9, arbitrary: fc.integer({ min: 1, max: 3 }) },
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 7 }) },
      { weight: 1, arbitrary: fc.constant(120) },
    ),
    fields: fc.record({ from: fc.nat({ max: 6 }), count: fc.constantFrom(1, 2, 2, 7) }),
    deleteLimit: fc.constantFrom(1, 1, 1, 0.2),
    quietMs: fc.constantFrom(0, 0, 1_000),
    walkSliceMs: fc.constantFrom(20_000, 20_000, 5),
    beside,
    invoiced: switches.invoiced,
    freshbooks: switches.freshbooks,
    ...chosen,
  });

/** What some histories draw otherwise. */
type Drawn = { readonly [Key in 'beside' | 'tasks' | 'deleteLimit']: fc.Arbitrary<Setting[Key]> } & {
  readonly links: fc.Arbitrary<NonNullable<Setting['links']>>;
};

/** How often things happen where they do not happen as often as usual, so that what needs many of them together is met too. */
type Focus = Readonly<Record<string, number>>;

const everything: Focus = {};

/** Many inserts, some just alike, and it is lost what became of their tasks. */
const creates: Focus = {
  'insert in SQL': 24,
  'write in SQL': 6,
  'lose what became of a create': 12,
  'lose an answer': 2,
  'crash after a step': 10,
  'create at the API': 4,
  'edit at the API': 5,
  push: 26,
  fault: 3,
};

const LENGTH = { minLength: 4, maxLength: 36, size: 'max' } as const;

const historyAt = (source: SourceName, focus: Focus, drawn: Partial<Drawn> = {}): fc.Arbitrary<History> =>
  fc.record({
    setting: settingAt(source, drawn),
    commands: fc.array(
      commandsOf(source, (name, usual) => focus[name] ?? usual),
      LENGTH,
    ),
  });

/** Both sources at once, the second one beside. */
const ofBoth = (source: SourceName): fc.Arbitrary<History> => {
  const usually = (_: string, usual: number) => usual;
  const beside = commandsOf(otherThan(source), usually).map((each) => ({ ...each, beside: true as const }));
  return fc.record({
    setting: settingAt(source, { beside: fc.integer({ min: 0, max: 3 }) }),
    commands: fc.array(fc.oneof(commandsOf(source, usually), beside), LENGTH),
  });
};

/** Many are deleted at once, on either side. */
const deletes: Focus = {
  'delete many in SQL': 8,
  'delete many at the API': 8,
  resync: 4,
  walk: 8,
  'write in SQL': 8,
  'edit at the API': 3,
};
const manyTasks: Partial<Drawn> = { tasks: fc.integer({ min: 12, max: 30 }), deleteLimit: fc.constant(0.2) };

const ofEither = (focus: Focus, drawn?: Partial<Drawn>) =>
  fc.oneof(historyAt('invoiced', focus, drawn), historyAt('freshbooks', focus, drawn));

/** Both ends of links are edited, most of all in what they share; the other things happen less often. */
const ofLinks: Focus = {
  'save a rule': 6,
  'remove a rule': 1,
  'link two rows': 5,
  'end a link': 3,
  'resolve an ambiguous link': 2,
  'an edit is heard of': 10,
  'edit both ends': 16,
  'rename there and back': 4,
  'swap names': 4,
  'make the same at both': 4,
  'one API is down': 3,
  'an API cuts names': 4,
  'crash at a step of links': 6,
  'write in SQL': 10,
  'edit at the API': 8,
  'delete at the API': 3,
  'try what is refused in SQL': 1,
};

const linkedFrom = (source: SourceName): fc.Arbitrary<History> => {
  const often = (name: string, usual: number) => ofLinks[name] ?? usual;
  const beside = commandsOf(otherThan(source), often).map((each) => ({ ...each, beside: true as const }));
  return fc.record({
    setting: settingAt(source, {
      tasks: fc.integer({ min: 0, max: 3 }),
      beside: fc.integer({ min: 0, max: 3 }),
      links: fc.record({
        rule: fc.option(ruleGiven, { freq: 5 }),
        alike: fc.integer({ min: 0, max: 2 }),
        trouble: fc.constantFrom(true, false, false, false),
      }),
    }),
    commands: fc.array(
      fc.oneof({ weight: 3, arbitrary: commandsOf(source, often) }, { weight: 2, arbitrary: beside }),
      LENGTH,
    ),
  });
};

/** Any history in which tasks are linked. */
const linkedHistories: fc.Arbitrary<History> = fc.noBias(
  fc.oneof(linkedFrom('invoiced'), linkedFrom('freshbooks')),
);

/** Any history without links. Without the usual bias to small values: what is small is found by shrinking. */
const histories: fc.Arbitrary<History> = fc.noBias(
  fc.oneof(
    { weight: 6, arbitrary: ofEither(everything) },
    { weight: 2, arbitrary: ofEither(creates) },
    { weight: 1, arbitrary: ofEither(deletes, manyTasks) },
    { weight: 1, arbitrary: fc.oneof(ofBoth('invoiced'), ofBoth('freshbooks')) },
  ),
);

/** Each third seed stands for a history of links. */
export const historiesOf = (seed: number): fc.Arbitrary<History> =>
  seed === firstOfLinks(seed) ? linkedHistories : histories;

/** The first seed from this one on that stands for a history of links. */
export const firstOfLinks = (seed: number): number => seed + ((3 + 2 - (seed % 3)) % 3);
