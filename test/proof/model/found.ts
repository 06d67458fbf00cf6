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
  ...foundOfLinks,
];
