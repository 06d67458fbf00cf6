import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { freshbooks } from '../../src/sources/freshbooks/source.js';
import { invoiced } from '../../src/sources/invoiced/source.js';
import type { Columns } from '../../src/sources/source.js';
import { judgeCreate, type NewTask, type OpenCreate } from '../../src/sync/push/judge-create.js';

const ENDS_AFTER = 90e6;

const sent = (name: string, more: Columns = {}): Columns => ({
  name,
  action: 'phone',
  due_date: 1_800_000_000,
  ...more,
});
let last = 0;
const create = (columns: Columns, sentAt = 1000, finished = true): OpenCreate => {
  return { writeId: String(++last), sent: columns, sentAt, endsAt: sentAt + ENDS_AFTER, finished };
};
const task = (columns: Columns | null, firstSeenAt = 2000, made: Partial<NewTask> = {}): NewTask => {
  return {
    key: String(++last),
    columns: columns && { customer_id: null, user_id: null, complete: false, ...columns },
    firstSeenAt,
    madeFrom: Number.NEGATIVE_INFINITY,
    madeTo: Number.POSITIVE_INFINITY,
    ...made,
  };
};
const judge = (by: OpenCreate, creates: readonly OpenCreate[], tasks: readonly NewTask[]) =>
  judgeCreate(invoiced, by, creates, tasks);

describe('a create of unknown outcome', () => {
  const ours = create(sent('Call'));

  test('has made the one task that is just what it sent', () => {
    const made = task(sent('Call'));
    expect(judge(ours, [ours], [made])).toEqual({ is: 'made', task: made });
    // Somebody else's new task beside it is nothing to it.
    expect(judge(ours, [ours], [task(sent('Other')), made])).toEqual({ is: 'made', task: made });
  });

  test('has made nothing where nothing new is there', () => {
    expect(judge(ours, [ours], [])).toEqual({ is: 'absent' });
  });

  test.each([
    ['two fields of it are changed', task(sent('Renamed', { action: 'letter' }))],
    ['everything about it is changed', task(sent('Renamed', { action: 'letter', due_date: 1, user_id: 5 }))],
    ['it can not be read', task(null)],
  ])('is unclear while there is a new task, even if %s', (_, other) => {
    expect(judge(ours, [ours], [other])).toEqual({ is: 'unclear', tasks: [other] });
  });

  test.each([
    ['the mirror held before it was sent', task(sent('Old'), 900)],
    ['was made before it was sent', task(sent('Old'), 2000, { madeTo: 999 })],
    ['was made after the API must have finished', task(sent('Late'), 2000, { madeFrom: 1001 + ENDS_AFTER })],
    ['is just so but was there before', task(sent('Call'), 900)],
  ])('is not the maker of a task that %s', (_, other) => {
    expect(judge(ours, [ours], [other])).toEqual({ is: 'absent' });
  });

  test('names the likeliest first', () => {
    const [far, near, nearest] = [
      task(sent('Else', { action: 'email', due_date: 1 })),
      task(sent('Else')),
      task(sent('Call them')),
    ];
    expect(judge(ours, [ours], [far, near, nearest])).toEqual({ is: 'unclear', tasks: [nearest, near, far] });
  });

  test('is not the maker of what another one sent', () => {
    const other = create(sent('Other'));
    expect(judge(ours, [ours, other], [task(sent('Other'))])).toEqual({ is: 'absent' });
  });

  test('may be the maker of one of more tasks than another one can have made', () => {
    // One of them was ours, and somebody gave it the other's content.
    const other = create(sent('Other'));
    const both = [task(sent('Other')), task(sent('Other'))];
    expect(judge(ours, [ours, other], both)).toEqual({ is: 'unclear', tasks: both });
    expect(judge(other, [ours, other], both)).toEqual({ is: 'unclear', tasks: both });
  });

  test('waits for another one that may be the maker and is not finished', () => {
    const other = create(sent('Other'), 1500, false);
    expect(judge(ours, [ours, other], [task(sent('Other'))])).toEqual({ is: 'early' });
    const twin = create(sent('Call'), 1500, false);
    expect(judge(ours, [ours, twin], [task(sent('Call'))])).toEqual({ is: 'early' });
  });

  test('is told from a twin that was sent after its task had been seen', () => {
    const twin = create(sent('Call'), 3000);
    const made = task(sent('Call'), 2000);
    expect(judge(ours, [ours, twin], [made])).toEqual({ is: 'made', task: made });
    expect(judge(twin, [ours, twin], [made])).toEqual({ is: 'absent' });
  });

  test('is unclear among twins of which only one was made', () => {
    const twin = create(sent('Call'));
    const made = task(sent('Call'));
    for (const each of [ours, twin]) {
      expect(judge(each, [ours, twin], [made])).toEqual({ is: 'unclear', tasks: [made] });
    }
  });

  test('is told from one of the same fields and more', () => {
    const more = create(sent('Call', { customer_id: 7 }));
    const made = task(sent('Call', { customer_id: 7 }));
    expect(judge(more, [ours, more], [made])).toEqual({ is: 'made', task: made });
    expect(judge(ours, [ours, more], [made])).toEqual({ is: 'absent' });
  });

  test('has made a task in which the API has filled in what was left out', () => {
    const made = task(sent('Call', { user_id: 3 }));
    expect(judge(ours, [ours], [made])).toEqual({ is: 'made', task: made });
    const filled = task({
      name: 'Fax',
      rate_amount: '0.00',
      rate_code: 'USD',
      billable: true,
      tax1: 0,
      tax2: 0,
      description: '',
    });
    const fax = create({ name: 'Fax', billable: true });
    expect(judgeCreate(freshbooks, fax, [fax], [filled])).toEqual({ is: 'made', task: filled });
  });
});

test('of many creates each made one is given its own task and each other is absent, whatever the order', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
  const inserts = fc.array(fc.record({ name, made: fc.boolean() }), { maxLength: 12 });
  fc.assert(
    fc.property(inserts, (all) => {
      // Twins of which only some were made are a person's.
      const clear = all.filter(({ name, made }) =>
        all.every((other) => other.name !== name || other.made === made),
      );
      let open = clear.map((insert) => ({ ...insert, create: create(sent(insert.name)) }));
      let tasks = clear.filter(({ made }) => made).map(({ name }) => task(sent(name)));
      while (open.length > 0) {
        const [next] = open;
        if (next === undefined) break;
        const verdict = judge(
          next.create,
          open.map((each) => each.create),
          tasks,
        );
        expect(verdict.is).toBe(next.made ? 'made' : 'absent');
        if (verdict.is === 'made') {
          expect(verdict.task.columns?.['name']).toBe(next.name);
          tasks = tasks.filter((each) => each !== verdict.task);
        }
        open = open.slice(1);
      }
      expect(tasks).toEqual([]);
    }),
  );
});

test('no create is made again whose own task is there and unowned, whatever became of it', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const fate = fc.record({
    name,
    made: fc.boolean(),
    becomes: fc.option(name, { nil: undefined }),
    ghost: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(fate, { maxLength: 6 }), (all) => {
      const open = all.map((each) => {
        const by = create(sent(each.name));
        const now = each.becomes === undefined ? sent(each.name) : sent(each.becomes, { action: 'letter' });
        return {
          by,
          own: each.made ? task(each.ghost ? null : now) : null,
          changed: each.becomes !== undefined || each.ghost,
        };
      });
      const tasks = open.flatMap(({ own }) => (own === null ? [] : [own]));
      for (const { by, own } of open) {
        const verdict = judge(
          by,
          open.map((each) => each.by),
          tasks,
        );
        if (own !== null) expect(verdict.is).not.toBe('absent');
      }
    }),
  );
});
