import type { Sandbox } from '../../src/sandbox/index.js';
import type { Logins } from './logins.js';

export interface Hands extends Omit<Logins, 'close'> {
  readonly sandbox: Sandbox;
  /** The worker at its work, for each connection. */
  each(kind: 'walk' | 'poll' | 'push'): Promise<void>;
}

export interface Step {
  readonly at: string;
  readonly happens: (hands: Hands) => Promise<unknown>;
}

/** Monday, and Tuesday until noon. No step changes a row twice: its history would not tell which came first. */
export const SCRIPT: readonly Step[] = [
  { at: '2026-03-02T08:00:00Z', happens: ({ each }) => each('walk') },
  {
    at: '2026-03-02T10:00:00Z',
    happens: async ({ office, bookkeeper }) => {
      await office(`update invoiced.tasks set due_date = '2026-03-03 17:00Z' where id in (1098, 1097)`);
      await office(`update invoiced.tasks set user_id = 1974 where id = 1094`);
      await bookkeeper(`update freshbooks.tasks set rate_amount = 130 where name = 'Teach bridge 1'`);
      await bookkeeper(
        `update freshbooks.tasks set tax1 = 77 where name like 'Plan %' and rate_code = 'CAD'`,
      );
      await bookkeeper(
        `insert into freshbooks.tasks (name, rate_amount, rate_code) values ('Teach garden', 95, 'USD')`,
      );
    },
  },
  { at: '2026-03-02T10:01:00Z', happens: ({ each }) => each('push') },
  {
    at: '2026-03-02T15:00:00Z',
    happens: async ({ sandbox: { invoiced, freshbooks } }) => {
      for (const id of [1092, 1096]) invoiced.people.complete(id, 1976);
      invoiced.people.edit(1084, { due_date: Date.parse('2026-03-20T05:00:00Z') / 1000 });
      // It has paid: Invoiced deletes its open tasks, and tells nobody.
      invoiced.people.settleCustomer(480_009);
      freshbooks.people.createTask({ name: 'review Website 2', rate: { amount: 55, code: 'USD' } });
      freshbooks.people.editTask(159_365, { rate: { amount: 35 } });
      freshbooks.people.editTask(159_366, { rate: { amount: 60 } });
      freshbooks.people.archiveTask(159_367);
      freshbooks.people.deleteTask(159_369);
    },
  },
  { at: '2026-03-02T15:01:00Z', happens: ({ each }) => each('poll') },
  { at: '2026-03-03T02:00:00Z', happens: ({ each }) => each('walk') },
  {
    at: '2026-03-03T08:00:00Z',
    happens: async ({ sandbox, office, bookkeeper }) => {
      // The same rate on both sides: FreshBooks' stands.
      await bookkeeper(`update freshbooks.tasks set rate_amount = 155 where name = 'Paint logo 4'`);
      sandbox.freshbooks.people.editTask(159_364, { rate: { amount: 140 } });
      // FreshBooks takes no text of 12,000 characters.
      await bookkeeper(
        `update freshbooks.tasks set description = repeat('Oven, sink. ', 1000) where name = 'Audit kitchen 11'`,
      );
      await office(`update invoiced.tasks set due_date = '2026-04-07 05:00Z' where id = 1095`);
    },
  },
  { at: '2026-03-03T08:01:00Z', happens: ({ each }) => each('push') },
  { at: '2026-03-03T11:58:00Z', happens: ({ each }) => each('poll') },
  {
    at: '2026-03-03T11:59:00Z',
    happens: ({ bookkeeper }) =>
      bookkeeper(`update freshbooks.tasks set rate_amount = 85 where name = 'Fix contract 10'`),
  },
];
