import type { History } from './history.js';

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
  fields: { from: 0, count: 7 },
  deleteLimit: 1,
  quietMs: 0,
  walkSliceMs: 20_000,
  invoiced: {},
  freshbooks: {},
} as const;

/** All of them are played with each run of the tests. */
export const found: readonly Found[] = [
  {
    name: 'a value that the API shows to nobody is sent once, not for ever',
    history: {
      setting: { ...usual, source: 'freshbooks', freshbooks: { taxes: 'absent' } },
      commands: [
        {
          do: 'write in SQL',
          with: { acts: [{ act: 'update', target: 0, fields: [4] }], takenBack: false },
          steps: 10,
          order: 0,
        },
      ],
    },
  },
];
