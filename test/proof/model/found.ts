import { foundOfLinks } from './found-links.js';
import type { Command, History } from './history.js';

/** A history that once failed, made small, and what it found. */
export interface Found {
  readonly name: string;
  readonly history: History;
}

const usual = {
  seed: 0,
  startAt: '2026-06-10T15:00:00Z',
  policy: 'remote',
  tasks: 1,
  beside: null,
  fields: { from: 0, count: 7 },
  deleteLimit: 1,
  quietMs: 0,
  walkSliceMs: 20_000,
  invoiced: {},
  freshbooks: {},
} as const;

const update = (field: number, steps: number): Command => ({
  do: 'write in SQL',
  with: { acts: [{ act: 'update', target: 0, fields: [field] }], takenBack: false },
  steps,
  order: 0,
});
const work = (what: 'push' | 'poll', place: 0 | 1, steps: number): Command => ({
  do: what,
  with: place,
  steps,
  order: 0,
});

const edit = (field: number, steps: number): Command => ({
  do: 'edit at the API',
  with: { target: 0, fields: [field] },
  steps,
  order: 0,
});
const loseAnswer = (route: string): Command => ({
  do: 'lose an answer',
  with: { route, fault: { kind: 'reset', when: 'after' } },
  steps: 0,
  order: 0,
});

const insert = (steps: number): Command => ({
  do: 'insert in SQL',
  with: { acts: [{ act: 'insert', target: 0, fields: [1] }], takenBack: false },
  steps,
  order: 0,
});

/** All of them are played with each run of the tests. */
export const found: readonly Found[] = [
  {
    name: 'a value that the API shows to nobody is sent once, not for ever',
    history: {
      setting: { ...usual, source: 'freshbooks', freshbooks: { taxes: 'absent' } },
      commands: [update(4, 10)],
    },
  },
  {
    name: 'a newer local edit does not lose against an older one whose answer was lost',
    history: {
      setting: { ...usual, source: 'invoiced' },
      commands: [
        update(0, 10),
        loseAnswer('tasks.update'),
        work('push', 0, 80),
        update(0, 10),
        work('poll', 0, 60),
      ],
    },
  },
  {
    name: 'a page that was held up takes nothing back that was sent meanwhile',
    history: {
      setting: { ...usual, source: 'invoiced' },
      commands: [
        update(0, 10),
        work('poll', 1, 8),
        { do: 'hold up', with: { place: 1, steps: 60 }, steps: 0, order: 0 },
        work('push', 0, 90),
      ],
    },
  },
  {
    name: 'an edit that puts back what was there before ours, whose answer was lost, is not lost',
    history: {
      setting: { ...usual, source: 'freshbooks', fields: { from: 3, count: 1 } },
      commands: [update(0, 10), loseAnswer('tasks.update'), work('push', 0, 80), edit(0, 10)],
    },
  },
  {
    name: 'a task whose answer was lost is not made again for a list that left it out',
    history: {
      setting: { ...usual, source: 'freshbooks' },
      commands: [
        insert(10),
        loseAnswer('tasks.create'),
        work('push', 0, 90),
        { do: 'time passes', with: 100_000, steps: 10, order: 0 },
        {
          do: 'fault',
          with: { route: 'tasks.list', fault: { kind: 'drop-rows', count: 3 }, skip: 0, times: 2 },
          steps: 0,
          order: 0,
        },
        work('push', 0, 90),
      ],
    },
  },
  {
    name: 'a new task of which the answer leaves out the name keeps it',
    history: {
      setting: { ...usual, source: 'invoiced' },
      commands: [
        insert(10),
        {
          do: 'fault',
          with: { route: 'tasks.create', fault: { kind: 'omit-keys', keys: ['name'] }, skip: 0, times: 1 },
          steps: 0,
          order: 0,
        },
        work('push', 0, 60),
        work('poll', 0, 60),
      ],
    },
  },
  {
    name: 'a create that was held up between its saving and its sending is not sent late',
    history: {
      setting: { ...usual, source: 'invoiced', invoiced: { idempotency: 'ignored' } },
      commands: [
        insert(10),
        loseAnswer('tasks.create'),
        work('push', 0, 10),
        { do: 'time passes', with: 3_600_000, steps: 40, order: 0 },
      ],
    },
  },
  {
    name: 'an edit of a pulled row, of a field that the API shows to nobody, stays when the row turns out to be an insert',
    history: {
      setting: {
        ...usual,
        source: 'freshbooks',
        tasks: 0,
        fields: { from: 3, count: 2 },
        freshbooks: { taxes: 'absent' },
      },
      commands: [
        insert(10),
        loseAnswer('tasks.create'),
        work('push', 0, 90),
        work('poll', 1, 60),
        {
          do: 'write in SQL',
          with: { acts: [{ act: 'update', target: 1, fields: [1] }], takenBack: false },
          steps: 10,
          order: 0,
        },
        work('push', 1, 90),
      ],
    },
  },
  {
    name: 'an edit that was taken back before it was sent does not vanish where the API was changed meanwhile',
    history: {
      setting: {
        ...usual,
        source: 'freshbooks',
        startAt: '2026-11-01T06:40:00Z',
        policy: 'newest',
        fields: { from: 0, count: 1 },
        invoiced: {
          errorTypes: 'backend',
          customerUpdatable: true,
          unknownFields: 'refused',
          extraKeys: false,
          unchangedPatchTouches: false,
          reopenClears: false,
          autumnHour: 'early',
          paging: 'cursor',
          cursorRepeats: false,
          totalCount: 'stale',
          idempotency: 'honoured',
          idempotencyErrors: 'kept',
          idempotencyRace: 'both',
          eventDelay: 0,
          eventLoss: 0,
          eventEmpty: 0,
          silentDeletes: false,
          mergeTouches: false,
        },
        freshbooks: {
          accessTokenSeconds: 43200,
          formerAccessToken: 'lives',
          rateLimit: null,
          rateLimitShape: 'errors',
          errorShape: 'errors',
          duplicateName: 'taken',
          emptyUpdate: 'bumps',
          archive: 'allowed',
          getDeleted: 'task',
          editDeleted: 'allowed',
          deletedStatus: 404,
          searchVisState: 'honoured',
          updatedMax: 'exclusive',
          searchZone: 'eastern',
          listOrder: 'id',
          projectDefault: 'absent',
          taxes: 'present',
          unreadable: 0,
        },
      },
      commands: [
        { do: 'delete at the API', with: 0, steps: 0, order: 0 },
        {
          do: 'write in SQL',
          with: { acts: [{ act: 'update', target: 0, fields: [0], beside: false }], takenBack: false },
          steps: 25,
          order: 0,
        },
        { do: 'edit at the API', with: { target: 11, fields: [0, 4] }, steps: 9, order: 479713 },
        { do: 'walk', with: 0, steps: 1, order: 957304 },
        { do: 'edit at the API', with: { target: 5, fields: [4, 1] }, steps: 4, order: 0 },
        {
          do: 'lose what became of a create',
          with: { fault: { kind: 'reset', when: 'before' }, skip: 0, times: 1 },
          steps: 8,
          order: 819797,
        },
        { do: 'crash after a step', with: { place: 0, step: 'DELETE', skip: 0 }, steps: 13, order: 0 },
        {
          do: 'lose what became of a create',
          with: { fault: { kind: 'reset', when: 'after' }, skip: 0, times: 2 },
          steps: 11,
          order: 691843,
        },
        { do: 'resync', with: { place: 0, full: false, since: false, force: false }, steps: 72, order: 0 },
        { do: 'try what is refused in SQL', with: { what: 13, target: 4 }, steps: 2, order: 570966 },
        {
          do: 'freshbooks changes its ways',
          with: {
            to: {
              accessTokenSeconds: 43200,
              formerAccessToken: 'dies',
              rateLimit: 20,
              rateLimitShape: 'empty',
              errorShape: 'details',
              duplicateName: 'refused',
              emptyUpdate: 'bumps',
              archive: 'refused',
              getDeleted: 'task',
              editDeleted: 'refused',
              deletedStatus: 404,
              searchVisState: 'ignored',
              updatedMax: 'inclusive',
              searchZone: 'eastern',
              listOrder: 'id',
              projectDefault: 'present',
              taxes: 'present',
              unreadable: 0,
            },
            which: 30,
          },
          steps: 7,
          order: 0,
        },
        {
          do: 'lose an answer',
          with: { route: 'tasks.update', fault: { kind: 'hang', when: 'after' } },
          steps: 5,
          order: 224762,
        },
        { do: 'push', with: 1, steps: 11, order: 992855 },
        { do: 'try what is refused in SQL', with: { what: 4, target: 9 }, steps: 0, order: 261094 },
        {
          do: 'write in SQL',
          with: { acts: [{ act: 'update', target: 1, fields: [0, 2], beside: false }], takenBack: false },
          steps: 5,
          order: 993738,
        },
        { do: 'push', with: 1, steps: 18, order: 0 },
        {
          do: 'write in SQL',
          with: {
            acts: [
              { act: 'hide', target: 3, fields: [4, 4, 0], beside: false },
              { act: 'insert', target: 5, fields: [3], beside: false },
            ],
            takenBack: false,
          },
          steps: 1,
          order: 957898,
        },
        { do: 'restore or archive at the API', with: { target: 7, archive: true }, steps: 3, order: 134867 },
        { do: 'hold up', with: { place: 0, steps: 115 }, steps: 5, order: 0 },
      ],
    },
  },
  ...foundOfLinks,
];
