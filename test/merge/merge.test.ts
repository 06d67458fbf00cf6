import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Columns, ConflictPolicy } from '../../src/fields.js';
import { type MergeInput, merge, newerSide } from '../../src/merge/merge.js';
import { same } from '../../src/merge/values.js';
import { answer, fields, task } from './fields.js';

const base: Columns = { name: 1, rate_amount: 1, rate_code: 1, updated: 1, vis_state: 0 };

const mergeOf = (change: Partial<MergeInput>) =>
  merge({ fields, base, local: base, remote: base, sent: [], policy: 'remote', newer: 'remote', ...change });

describe('a field that', () => {
  test('nobody changed stays', () => {
    expect(mergeOf({})).toEqual({ columns: base, overruled: [], pending: [] });
  });

  test('the API changed is taken', () => {
    const remote = { ...base, name: 2, updated: 2 };
    expect(mergeOf({ remote })).toEqual({ columns: remote, overruled: [], pending: [] });
  });

  test('was changed here is kept, and is to be sent', () => {
    const local = { ...base, name: 2 };
    expect(mergeOf({ local })).toEqual({ columns: local, overruled: [], pending: ['name'] });
  });

  test('was changed here and back gives way to what the API changed only in sight', () => {
    const edited = { remote: { ...base, rate_code: 3 }, editedAgain: ['rate_amount'] };
    const conflict = {
      field: 'rate',
      local: { rate_amount: 1, rate_code: 1 },
      remote: { rate_amount: 1, rate_code: 3 },
    };
    expect(mergeOf(edited)).toMatchObject({
      columns: { rate_code: 3 },
      overruled: [{ ...conflict, winner: 'remote' }],
      pending: [],
    });
    expect(mergeOf({ ...edited, policy: 'local' })).toMatchObject({
      columns: { rate_code: 1 },
      overruled: [{ ...conflict, winner: 'local' }],
      pending: ['rate'],
    });
    expect(mergeOf({ ...edited, editedAgain: ['name'] }).overruled).toEqual([]);
    expect(mergeOf({ editedAgain: ['name'] })).toEqual({ columns: base, overruled: [], pending: [] });
  });

  test('was sent, arrived, and was then deleted at the API is told, though it had been changed twice', () => {
    const ours = { local: { ...base, name: 2 }, editedAgain: ['name'], policy: 'local' as const };
    const remote = { ...base, name: 2, vis_state: 1 };
    expect(mergeOf({ ...ours, remote, sent: [{ name: 2 }] })).toMatchObject({
      columns: remote,
      overruled: [],
    });
    expect(mergeOf({ ...ours, remote })).toMatchObject({ columns: { vis_state: 0 }, pending: ['vis_state'] });
  });

  test('both sides changed alike is agreed', () => {
    const both = { ...base, name: 2 };
    expect(mergeOf({ local: both, remote: both })).toEqual({ columns: both, overruled: [], pending: [] });
  });

  test('the API alone may write is always taken', () => {
    const merged = mergeOf({
      local: { ...base, updated: 3 },
      remote: { ...base, updated: 2 },
      policy: 'local',
    });
    expect(merged.columns['updated']).toBe(2);
    expect(merged.overruled).toEqual([]);
  });

  test('an answer leaves out keeps its last value', () => {
    const merged = mergeOf({ local: { ...base, rate_amount: 3 }, remote: { name: 2 } });
    expect(merged.columns).toEqual({ ...base, name: 2, rate_amount: 3 });
    expect(merged.pending).toEqual(['rate']);
  });
});

test('a remote edit under a pending local edit of another field keeps both', () => {
  const merged = mergeOf({ local: { ...base, name: 2 }, remote: { ...base, rate_amount: 3 } });
  expect(merged.columns).toEqual({ ...base, name: 2, rate_amount: 3 });
  expect(merged).toMatchObject({ overruled: [], pending: ['name'] });
});

test('a rate is merged whole: the amount of one side never meets the currency of the other', () => {
  const merged = mergeOf({ local: { ...base, rate_amount: 2 }, remote: { ...base, rate_code: 3 } });
  expect(merged.columns).toMatchObject({ rate_amount: 1, rate_code: 3 });
  expect(merged.overruled).toEqual([
    {
      field: 'rate',
      base: { rate_amount: 1, rate_code: 1 },
      local: { rate_amount: 2, rate_code: 1 },
      remote: { rate_amount: 1, rate_code: 3 },
      winner: 'remote',
      reason: 'both sides changed it',
    },
  ]);
});

describe('when both sides changed a field', () => {
  const sides = { local: { ...base, name: 2 }, remote: { ...base, name: 3 } };
  test.each([
    ['remote', 'local', 3, []],
    ['local', 'remote', 2, ['name']],
    ['newest', 'local', 2, ['name']],
    ['newest', 'remote', 3, []],
  ] as const)('the policy %s, the %s side being newer, gives %i', (policy, newer, name, pending) => {
    const merged = mergeOf({ ...sides, policy, newer });
    expect(merged.columns['name']).toBe(name);
    expect(merged.pending).toEqual(pending);
    expect(merged.overruled).toMatchObject([{ field: 'name', base: 1, local: 2, remote: 3 }]);
    expect(merged.overruled[0]?.winner).toBe(name === 2 ? 'local' : 'remote');
  });

  test("the field's own policy goes before the connection's", () => {
    const owned = fields.map((field) =>
      field.name === 'name' ? { ...field, policy: 'local' as const } : field,
    );
    expect(mergeOf({ ...sides, fields: owned }).columns['name']).toBe(2);
  });
});

describe('a write under way', () => {
  test('that has arrived is our own: the newer local edit stands against it', () => {
    const merged = mergeOf({
      sent: [{ name: 2 }],
      remote: { ...base, name: 2 },
      local: { ...base, name: 3 },
    });
    expect(merged.columns['name']).toBe(3);
    expect(merged).toMatchObject({ overruled: [], pending: ['name'] });
  });

  test('that has arrived, and nothing edited since, is settled', () => {
    const merged = mergeOf({
      sent: [{ name: 2 }],
      remote: { ...base, name: 2 },
      local: { ...base, name: 2 },
    });
    expect(merged).toMatchObject({ overruled: [], pending: [] });
  });

  test('does not excuse another value of the API', () => {
    const merged = mergeOf({
      sent: [{ name: 2 }],
      remote: { ...base, name: 3 },
      local: { ...base, name: 2 },
    });
    expect(merged.overruled).toMatchObject([{ field: 'name', local: 2, remote: 3 }]);
  });

  test('that may have arrived and been undone is sent again, and what the API shows is journalled', () => {
    const sent = [{ name: 2 }];
    const undone = mergeOf({ sent, perhapsUndone: sent, local: { ...base, name: 2 } });
    expect(undone.columns['name']).toBe(2);
    expect(undone.pending).toEqual(['name']);
    expect(undone.overruled).toMatchObject([{ field: 'name', local: 2, remote: 1, winner: 'local' }]);
    const given = { sent, perhapsUndone: sent, local: base };
    expect(mergeOf(given)).toMatchObject({ overruled: [], pending: [] });
    expect(mergeOf({ ...given, remote: { ...base, name: 2 } }).overruled).toEqual([]);
  });

  test('that deleted the task leaves a later restore standing', () => {
    const merged = mergeOf({ sent: [{ vis_state: 1 }], remote: { ...base, vis_state: 1 } });
    expect(merged.columns['vis_state']).toBe(0);
    expect(merged.pending).toEqual(['vis_state']);
  });
});

describe('an edit here against a delete at the API', () => {
  const sides = { local: { ...base, name: 2 }, remote: { ...base, vis_state: 1 } };
  test('remote: the task is deleted, the edit is journalled', () => {
    const merged = mergeOf({ ...sides, policy: 'remote' });
    expect(merged.columns).toEqual({ ...base, vis_state: 1 });
    expect(merged.overruled).toMatchObject([
      { field: 'name', base: 1, local: 2, remote: 1, winner: 'remote' },
    ]);
    expect(merged.pending).toEqual([]);
  });
  test('local: the task is to be restored and edited, the delete is journalled', () => {
    const merged = mergeOf({ ...sides, policy: 'local' });
    expect(merged.columns).toEqual({ ...base, name: 2 });
    expect(merged.overruled).toMatchObject([
      { field: 'vis_state', base: 0, local: 0, remote: 1, winner: 'local' },
    ]);
    expect(merged.pending).toEqual(['name', 'vis_state']);
  });
});

describe('a delete here against an edit at the API', () => {
  const sides = { local: { ...base, vis_state: 1 }, remote: { ...base, name: 2 } };
  test('remote: the task stays, the delete is journalled', () => {
    const merged = mergeOf({ ...sides, policy: 'remote' });
    expect(merged.columns).toEqual({ ...base, name: 2 });
    expect(merged.overruled).toMatchObject([{ field: 'vis_state', local: 1, remote: 0, winner: 'remote' }]);
  });
  test('local: the delete goes out, the edit is journalled', () => {
    const merged = mergeOf({ ...sides, policy: 'local' });
    expect(merged.columns).toEqual({ ...base, name: 2, vis_state: 1 });
    expect(merged.overruled).toMatchObject([{ field: 'name', base: 1, remote: 2, winner: 'local' }]);
    expect(merged.pending).toEqual(['vis_state']);
  });
});

describe('a task that is gone for good', () => {
  test.each(['remote', 'local', 'newest'] as const)(
    'is deleted under the policy %s, and the edit is journalled',
    (policy) => {
      const merged = mergeOf({ remote: 'gone', local: { ...base, name: 2 }, policy, newer: 'local' });
      expect(merged.columns).toEqual({ ...base, vis_state: 1 });
      expect(merged.overruled).toMatchObject([
        { field: 'name', base: 1, local: 2, remote: null, winner: 'remote' },
      ]);
    },
  );

  test('stays as it is when that was known', () => {
    const local = { ...base, name: 2, vis_state: 1 };
    expect(mergeOf({ base: null, local, remote: 'gone' })).toEqual({
      columns: local,
      overruled: [],
      pending: [],
    });
  });

  test('and is there again comes back', () => {
    const merged = mergeOf({ base: null, local: { ...base, vis_state: 1 }, remote: base });
    expect(merged).toEqual({ columns: base, overruled: [], pending: [] });
  });
});

test('an edit of a task deleted on both sides waits until it is restored', () => {
  const deleted = { ...base, vis_state: 1 };
  const local = { ...deleted, name: 2 };
  expect(mergeOf({ base: deleted, local, remote: deleted })).toEqual({
    columns: local,
    overruled: [],
    pending: [],
  });
});

describe('which side is newer', () => {
  test('a tie within a second goes to the API', () => expect(newerSide(100, 101, 0)).toBe('remote'));
  test('more than a second later here is newer here', () => expect(newerSide(100, 101.1, 0)).toBe('local'));
  test("the API's clock being ahead is taken off", () => expect(newerSide(100, 95, 10)).toBe('local'));
  test('an unknown time goes to the API', () => expect(newerSide(null, 95, 0)).toBe('remote'));
});

describe('for any three versions', () => {
  const policy = fc.constantFrom<ConflictPolicy>('remote', 'local', 'newest');
  const newer = fc.constantFrom('remote' as const, 'local' as const);
  const sent = fc.array(fc.record({ name: fc.constantFrom(1, 2, 3) }), { maxLength: 1 });
  const editedAgain = fc.subarray(['name', 'rate_amount', 'rate_code', 'vis_state'], { maxLength: 2 });
  const input = fc.record({ base: task, local: task, remote: answer, policy, newer, sent, editedAgain });

  test('merging the same answer again changes and journals nothing', () => {
    fc.assert(
      fc.property(input, (given) => {
        const first = merge({ fields, ...given });
        const remote = { ...given.base, ...given.remote };
        const again = merge({ fields, ...given, base: remote, local: first.columns, sent: [] });
        expect(again).toEqual({ ...first, overruled: [] });
      }),
    );
  });

  test('every edit is in place, agreed, or journalled', () => {
    fc.assert(
      fc.property(input, ({ base, local, remote: answered, ...rest }) => {
        const remote = { ...base, ...answered };
        const merged = merge({ fields, base, local, remote: answered, ...rest });
        for (const field of fields.filter(({ writable }) => writable)) {
          const journalled = merged.overruled.some((entry) => entry.field === field.name);
          const inPlace = (side: Columns) => same(field, merged.columns, side);
          const again = field.columns.some(({ name }) => rest.editedAgain.includes(name));
          if ((again || !same(field, local, base)) && !same(field, local, remote)) {
            expect(inPlace(local) || journalled, `the local edit of ${field.name}`).toBe(true);
          }
          const ours = rest.sent.some((body) => field.name === 'name' && body.name === remote['name']);
          if (!same(field, remote, base) && !same(field, local, remote) && !ours) {
            expect(inPlace(remote) || journalled, `the remote edit of ${field.name}`).toBe(true);
          }
        }
      }),
    );
  });

  test('what is pending is what differs from the API', () => {
    fc.assert(
      fc.property(input, (given) => {
        const remote = { ...given.base, ...given.remote };
        const { columns, pending } = merge({ fields, ...given });
        const bothDeleted = columns['vis_state'] === 1 && remote['vis_state'] === 1;
        const differing = fields.filter((field) => field.writable && !same(field, columns, remote));
        expect(pending).toEqual(bothDeleted ? [] : differing.map(({ name }) => name));
      }),
    );
  });

  test('under the policy local no local edit is overruled by an edit', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { overruled } = merge({ fields, ...given, policy: 'local' });
        expect(overruled.filter(({ winner }) => winner === 'remote')).toEqual([]);
      }),
    );
  });
});
