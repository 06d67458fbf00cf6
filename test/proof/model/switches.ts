import fc from 'fast-check';

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

/** Where each API's switches stand. */
export const switches = { invoiced, freshbooks };
