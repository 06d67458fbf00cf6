import type { Found } from './found.js';

const usual = {
  seed: 0,
  startAt: '2026-06-10T15:00:00Z',
  policy: 'remote',
  tasks: 0,
  beside: 0,
  fields: { from: 0, count: 1 },
  deleteLimit: 1,
  quietMs: 0,
  walkSliceMs: 20_000,
  invoiced: {},
  freshbooks: {},
} as const;

/** Those of links. */
export const foundOfLinks: readonly Found[] = [
  {
    name: 'an archiving that was not sent yet stands in the journal where a deletion over the link takes its place',
    history: {
      setting: { ...usual, source: 'freshbooks', links: { rule: null, alike: 1, trouble: true } },
      commands: [
        {
          do: 'link two rows',
          with: { left: 0, right: 0, rule: null, inSql: false },
          steps: 0,
          order: 0,
          beside: true,
        },
        { do: 'hold up', with: { place: 0, steps: 47 }, steps: 78, order: 541285, beside: true },
        {
          do: 'edit both ends',
          with: {
            target: 2,
            invoiced: { at: 'the API', what: 'name' },
            freshbooks: { at: 'SQL', what: 'done' },
          },
          steps: 1,
          order: 33270,
          beside: true,
        },
        { do: 'poll', with: 1, steps: 23, order: 117147, beside: true },
        { do: 'edit at the API', with: { target: 1, fields: [1, 0] }, steps: 84, order: 987916 },
        {
          do: 'edit both ends',
          with: {
            target: 2,
            invoiced: { at: 'SQL', what: 'deleted' },
            freshbooks: { at: 'the API', what: 'name' },
          },
          steps: 2,
          order: 412788,
        },
        { do: 'hold up', with: { place: 1, steps: 22 }, steps: 48, order: 0 },
      ],
    },
  },
  {
    name: 'a name that nobody can tell from an edit, its answer having been lost, is not called the work of the API',
    history: {
      setting: {
        ...usual,
        source: 'freshbooks',
        beside: 1,
        links: {
          rule: {
            match: 'none',
            creates: 'freshbooks',
            shareName: true,
            complete: null,
            onDelete: 'delete',
            winner: 'newest',
            some: 'all',
          },
          alike: 0,
          trouble: false,
        },
      },
      commands: [
        {
          do: 'an API cuts names',
          with: { at: 'freshbooks', route: 'tasks.create', times: 1 },
          steps: 0,
          order: 0,
        },
        {
          do: 'lose an answer',
          with: { route: 'tasks.create', fault: { kind: 'reset', when: 'after' } },
          steps: 0,
          order: 0,
        },
        { do: 'poll', with: 0, steps: 90, order: 0, beside: true },
        { do: 'push', with: 0, steps: 90, order: 0 },
        { do: 'time passes', with: 100_000, steps: 10, order: 0 },
      ],
    },
  },
  {
    name: 'a name that was written into a task while it was deleted stands in the journal when the other one brings it back',
    history: {
      setting: { ...usual, source: 'freshbooks', links: { rule: null, alike: 1, trouble: false } },
      commands: [
        {
          do: 'link two rows',
          with: { left: 0, right: 0, rule: null, inSql: false },
          steps: 40,
          order: 0,
        },
        {
          do: 'edit both ends',
          with: {
            target: 0,
            invoiced: { at: 'the API', what: 'name' },
            freshbooks: { at: 'the API', what: 'deleted' },
          },
          steps: 0,
          order: 0,
        },
        {
          do: 'edit both ends',
          with: {
            target: 0,
            invoiced: { at: 'the API', what: 'name' },
            freshbooks: { at: 'the API', what: 'name' },
          },
          steps: 0,
          order: 0,
        },
        { do: 'poll', with: 0, steps: 60, order: 0 },
      ],
    },
  },
  {
    name: 'a link follows what people write into a task while the answer that it was made is written down',
    history: {
      setting: {
        ...usual,
        source: 'freshbooks',
        beside: 1,
        links: {
          rule: {
            match: 'name',
            creates: 'freshbooks',
            shareName: true,
            complete: null,
            onDelete: 'delete',
            winner: 'newest',
            some: 'all',
          },
          alike: 0,
          trouble: false,
        },
      },
      commands: [
        { do: 'poll', with: 0, steps: 40, order: 0 },
        { do: 'push', with: 0, steps: 14, order: 0 },
        { do: 'hold up', with: { place: 0, steps: 300 }, steps: 0, order: 0 },
        { do: 'edit at the API', with: { target: 0, fields: [0] }, steps: 0, order: 0 },
        { do: 'poll', with: 1, steps: 60, order: 0 },
      ],
    },
  },
  {
    name: 'a link follows what people have written into a task that was found later, and takes it for no work of the API',
    history: {
      setting: {
        ...usual,
        source: 'freshbooks',
        fields: { from: 0, count: 7 },
        links: {
          rule: {
            match: 'name',
            creates: 'invoiced',
            shareName: true,
            complete: null,
            onDelete: 'delete',
            winner: 'newest',
            some: 'all',
          },
          alike: 0,
          trouble: false,
        },
      },
      commands: [
        {
          do: 'insert in SQL',
          with: { acts: [{ act: 'insert', target: 0, fields: [1] }], takenBack: false },
          steps: 10,
          order: 0,
        },
        { do: 'poll', with: 0, steps: 90, order: 0, beside: true },
        {
          do: 'lose an answer',
          with: { route: 'tasks.create', fault: { kind: 'reset', when: 'after' } },
          steps: 0,
          order: 0,
        },
        { do: 'push', with: 0, steps: 60, order: 0 },
        { do: 'edit at the API', with: { target: 0, fields: [0] }, steps: 10, order: 0 },
      ],
    },
  },
  {
    name: 'what was edited of two linked tasks that are deleted is not lost when one of them is restored',
    history: {
      setting: {
        ...usual,
        source: 'freshbooks',
        links: {
          rule: {
            match: 'name',
            creates: 'none',
            shareName: true,
            complete: 'archived',
            onDelete: 'delete',
            winner: 'newest',
            some: 'all',
          },
          alike: 1,
          trouble: false,
        },
      },
      commands: [
        { do: 'an edit is heard of', with: 0, steps: 17, order: 0, beside: true },
        { do: 'poll', with: 0, steps: 0, order: 0 },
        {
          do: 'edit both ends',
          with: {
            target: 11,
            invoiced: { at: 'SQL', what: 'name' },
            freshbooks: { at: 'the API', what: 'deleted' },
          },
          steps: 4,
          order: 0,
        },
        {
          do: 'edit both ends',
          with: {
            target: 1,
            invoiced: { at: 'the API', what: 'name' },
            freshbooks: { at: 'SQL', what: 'name' },
          },
          steps: 0,
          order: 0,
        },
      ],
    },
  },
  {
    name: 'nothing crosses over by what a rule said before it was changed',
    history: {
      setting: {
        ...usual,
        source: 'freshbooks',
        quietMs: 1000,
        beside: 1,
        links: {
          rule: {
            match: 'name',
            creates: 'none',
            shareName: false,
            complete: 'archived',
            onDelete: 'unlink',
            winner: 'freshbooks',
            some: 'phone',
          },
          alike: 2,
          trouble: false,
        },
      },
      commands: [
        { do: 'poll', with: 0, steps: 35, order: 0 },
        {
          do: 'edit both ends',
          with: {
            target: 10,
            invoiced: { at: 'the API', what: 'deleted' },
            freshbooks: { at: 'SQL', what: 'done' },
          },
          steps: 7,
          order: 0,
          beside: true,
        },
        { do: 'push', with: 0, steps: 6, order: 0 },
        { do: 'an edit is heard of', with: 0, steps: 1, order: 0, beside: true },
        {
          do: 'save a rule',
          with: {
            name: 'first',
            rule: {
              match: 'name',
              creates: 'both',
              shareName: true,
              complete: null,
              onDelete: 'delete',
              winner: 'freshbooks',
              some: 'all',
            },
            inSql: true,
          },
          steps: 18,
          order: 246772,
        },
      ],
    },
  },
  {
    name: 'a rule that begins to share archiving restores nothing that was archived before',
    history: {
      setting: {
        ...usual,
        source: 'invoiced',
        links: {
          rule: {
            match: 'name',
            creates: 'invoiced',
            shareName: true,
            complete: 'deleted',
            onDelete: 'unlink',
            winner: 'invoiced',
            some: 'all',
          },
          alike: 1,
          trouble: false,
        },
      },
      commands: [
        { do: 'edit at the API', with: { target: 9, fields: [5, 1] }, steps: 0, order: 0 },
        {
          do: 'restore or archive at the API',
          with: { target: 11, archive: true },
          steps: 6,
          order: 0,
          beside: true,
        },
        { do: 'poll', with: 0, steps: 0, order: 0, beside: true },
        {
          do: 'save a rule',
          with: {
            name: 'first',
            rule: {
              match: 'name',
              creates: 'none',
              shareName: true,
              complete: 'archived',
              onDelete: 'delete',
              winner: 'newest',
              some: 'few',
            },
            inSql: true,
          },
          steps: 27,
          order: 0,
        },
      ],
    },
  },
  {
    name: 'an archiving that gives way to a deletion over a link stands in the journal',
    history: {
      setting: {
        ...usual,
        source: 'freshbooks',
        seed: 306102212,
        tasks: 1,
        fields: { from: 6, count: 2 },
        beside: 1,
        links: {
          rule: {
            match: 'name',
            creates: 'freshbooks',
            shareName: true,
            complete: 'archived',
            onDelete: 'unlink',
            winner: 'freshbooks',
            some: 'all',
          },
          alike: 0,
          trouble: false,
        },
      },
      commands: [
        { do: 'walk', with: 1, steps: 5, order: 0 },
        { do: 'link two rows', with: { left: 6, right: 9, rule: null, inSql: true }, steps: 1, order: 0 },
        {
          do: 'crash at a step of links',
          with: { place: 0, step: 'insert into invoiced.tasks', skip: 0 },
          steps: 41,
          order: 275379,
          beside: true,
        },
        {
          do: 'edit both ends',
          with: {
            target: 2,
            invoiced: { at: 'SQL', what: 'deleted' },
            freshbooks: { at: 'SQL', what: 'done' },
          },
          steps: 6,
          order: 0,
          beside: true,
        },
        { do: 'poll', with: 0, steps: 1, order: 0 },
        { do: 'time passes', with: 100000, steps: 41, order: 0 },
        {
          do: 'edit both ends',
          with: {
            target: 4,
            invoiced: { at: 'SQL', what: 'name' },
            freshbooks: { at: 'the API', what: 'name' },
          },
          steps: 0,
          order: 0,
        },
      ],
    },
  },
  {
    name: 'a link does not end by a deletion that has given way since the link was looked at',
    history: {
      setting: {
        ...usual,
        source: 'freshbooks',
        tasks: 1,
        links: {
          rule: {
            match: 'name',
            creates: 'both',
            shareName: true,
            complete: null,
            onDelete: 'unlink',
            winner: 'invoiced',
            some: 'all',
          },
          alike: 1,
          trouble: true,
        },
      },
      commands: [
        {
          do: 'resync',
          with: { place: 1, full: false, since: false, force: false },
          steps: 16,
          order: 449252,
        },
        {
          do: 'fault',
          with: { route: 'tasks.update', fault: { kind: 'status', status: 422 }, skip: 2, times: 3 },
          steps: 34,
          order: 0,
          beside: true,
        },
        {
          do: 'write in SQL',
          with: {
            acts: [
              { act: 'archive', target: 7, fields: [1], beside: true },
              { act: 'delete', target: 4, fields: [2, 4, 6], beside: true },
              { act: 'insert', target: 7, fields: [3, 5, 2], beside: true },
            ],
            takenBack: false,
          },
          steps: 0,
          order: 452759,
        },
        {
          do: 'edit both ends',
          with: {
            target: 0,
            invoiced: { at: 'the API', what: 'name' },
            freshbooks: { at: 'SQL', what: 'name' },
          },
          steps: 6,
          order: 0,
        },
        {
          do: 'write in SQL',
          with: {
            acts: [
              { act: 'insert', target: 1, fields: [0, 3], beside: false },
              { act: 'archive', target: 2, fields: [5, 6], beside: false },
            ],
            takenBack: false,
          },
          steps: 1,
          order: 371718,
          beside: true,
        },
        { do: 'poll', with: 0, steps: 2, order: 8955, beside: true },
        { do: 'push', with: 0, steps: 38, order: 0, beside: true },
        {
          do: 'lose an answer',
          with: { route: 'tasks.update', fault: { kind: 'reset', when: 'after' } },
          steps: 43,
          order: 651016,
          beside: true,
        },
      ],
    },
  },
];
