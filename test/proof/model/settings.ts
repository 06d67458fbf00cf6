import fc from 'fast-check';
import type { SourceName } from '../../../src/sources/source.js';
import { commandsOf } from './commands/index.js';
import type { History, Setting } from './history.js';

/** A usual day, and moments around which wall clocks change: in November an hour comes twice. */
const moments = [
  '2026-06-10T15:00:00Z',
  '2026-06-10T15:00:00Z',
  '2026-11-01T05:40:00Z',
  '2026-11-01T06:40:00Z',
  '2026-03-08T06:40:00Z',
];

/** Every switch of the simulated Invoiced that stands for something unknown. */
const invoiced = fc.record({
  errorTypes: fc.constantFrom('backend' as const, 'documented' as const),
  customerUpdatable: fc.constantFrom(true, true, true, false),
  unknownFields: fc.constantFrom('refused' as const, 'ignored' as const),
  extraKeys: fc.boolean(),
  unchangedPatchTouches: fc.boolean(),
  reopenClears: fc.boolean(),
  autumnHour: fc.constantFrom('early' as const, 'true' as const),
  paging: fc.constantFrom('cursor' as const, 'offset' as const),
  cursorRepeats: fc.boolean(),
  totalCount: fc.constantFrom('stale' as const, 'fresh' as const),
  idempotency: fc.constantFrom('honoured' as const, 'ignored' as const),
  idempotencyErrors: fc.constantFrom('kept' as const, 'dropped' as const),
  idempotencyRace: fc.constantFrom('both' as const, 'one' as const),
  eventDelay: fc.constantFrom(0, 0, 2_000, 600_000),
  eventLoss: fc.constantFrom(0, 0, 0.5, 1),
  eventEmpty: fc.constantFrom(0, 0, 0.5),
  silentDeletes: fc.boolean(),
  mergeTouches: fc.boolean(),
});

/** And of the simulated FreshBooks. */
const freshbooks = fc.record({
  accessTokenSeconds: fc.constantFrom(43_200, 43_200, 60, 600),
  formerAccessToken: fc.constantFrom('lives' as const, 'dies' as const),
  rateLimit: fc.constantFrom(null, null, 600, 20),
  rateLimitShape: fc.constantFrom('errors' as const, 'details' as const, 'html' as const, 'empty' as const),
  errorShape: fc.constantFrom('errors' as const, 'bare' as const, 'details' as const, 'ok' as const),
  duplicateName: fc.constantFrom('taken' as const, 'taken' as const, 'refused' as const),
  emptyUpdate: fc.constantFrom('bumps' as const, 'keeps' as const),
  archive: fc.constantFrom('allowed' as const, 'allowed' as const, 'refused' as const),
  getDeleted: fc.constantFrom('task' as const, 'error' as const),
  editDeleted: fc.constantFrom('allowed' as const, 'refused' as const),
  deletedStatus: fc.constantFrom(404, 422),
  searchVisState: fc.constantFrom('honoured' as const, 'ignored' as const, 'alone' as const),
  updatedMax: fc.constantFrom('exclusive' as const, 'inclusive' as const),
  searchZone: fc.constantFrom('eastern' as const, 'utc' as const),
  listOrder: fc.constantFrom(
    'id' as const,
    '-id' as const,
    'updated' as const,
    '-updated' as const,
    'name' as const,
  ),
  projectDefault: fc.constantFrom('absent' as const, 'present' as const),
  taxes: fc.constantFrom('present' as const, 'present' as const, 'absent' as const),
  unreadable: fc.constantFrom(0, 0, 130),
});

const settingAt = (source: SourceName): fc.Arbitrary<Setting> =>
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
    invoiced: source === 'invoiced' ? invoiced : fc.constant({}),
    freshbooks: source === 'freshbooks' ? freshbooks : fc.constant({}),
  });

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

const historyAt = (source: SourceName, focus: Focus): fc.Arbitrary<History> =>
  fc.record({
    setting: settingAt(source),
    commands: fc.array(
      commandsOf(source, (name, usual) => focus[name] ?? usual),
      { minLength: 4, maxLength: 36, size: 'max' },
    ),
  });

const ofEither = (focus: Focus) => fc.oneof(historyAt('invoiced', focus), historyAt('freshbooks', focus));

/** Any history. Without the usual bias to small values: what is small is found by shrinking. */
export const histories: fc.Arbitrary<History> = fc.noBias(
  fc.oneof({ weight: 3, arbitrary: ofEither(everything) }, { weight: 1, arbitrary: ofEither(creates) }),
);
