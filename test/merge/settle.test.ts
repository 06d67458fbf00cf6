import { describe, expect, test } from 'vitest';
import type { Columns } from '../../src/fields.js';
import { type SettleInput, settle } from '../../src/merge/settle.js';
import { fields } from './fields.js';

const base: Columns = { name: 1, rate_amount: 1, rate_code: 1, updated: 1, vis_state: 0 };

const settleOf = (change: Partial<SettleInput>) =>
  settle({
    fields,
    base,
    local: { ...base, name: 2 },
    sent: { name: 2 },
    answer: { ...base, name: 2, updated: 2 },
    policy: 'remote',
    newer: 'remote',
    ...change,
  });

describe('the answer to a write', () => {
  test('that shows what was sent settles it', () => {
    expect(settleOf({})).toEqual({
      columns: { ...base, name: 2, updated: 2 },
      overruled: [],
      pending: [],
      refused: [],
      remade: [],
    });
  });

  test('leaves alone what was edited since the write was read', () => {
    const settled = settleOf({ local: { ...base, name: 3 } });
    expect(settled.columns).toMatchObject({ name: 3, updated: 2 });
    expect(settled).toMatchObject({ overruled: [], pending: ['name'], refused: [] });
  });

  test('that went back here to the value before the write is an edit too', () => {
    expect(settleOf({ local: base })).toMatchObject({ pending: ['name'], columns: { name: 1 } });
  });

  test('that shows something else than was sent and was there is taken over and journalled, not sent again', () => {
    const settled = settleOf({ answer: { ...base, name: 3 } });
    expect(settled.columns).toMatchObject({ name: 3 });
    expect(settled.pending).toEqual([]);
    expect(settled.overruled).toEqual([
      {
        field: 'name',
        base: 1,
        local: 2,
        remote: 3,
        winner: 'remote',
        reason: 'the API changed what it was sent',
      },
    ]);
  });

  test('found later it may hold what somebody has written: then the journal does not say that the API did it', () => {
    const lost = { base: null, sent: { name: 2 }, local: { ...base, name: 2 }, answer: { ...base, name: 3 } };
    const reasonOf = (isRemade: boolean) => {
      const { overruled, remade, columns } = settleOf({ ...lost, isRemade: () => isRemade });
      expect(columns).toMatchObject({ name: 3 });
      const [conflict] = overruled.filter(({ field }) => field === 'name');
      return { reason: conflict?.reason, remade };
    };
    expect(reasonOf(true)).toEqual({ reason: 'the API changed what it was sent', remade: ['name'] });
    expect(reasonOf(false)).toEqual({
      reason: 'the API made it so, or somebody wrote it there, before it was known that the task was made',
      remade: [],
    });
  });

  test('that still shows the old value is a refusal, and the edit stays', () => {
    const settled = settleOf({ answer: base });
    expect(settled).toMatchObject({
      columns: { name: 2 },
      refused: ['name'],
      pending: ['name'],
      overruled: [],
    });
  });

  test('brings along an edit of another field at the API', () => {
    const settled = settleOf({ answer: { ...base, name: 2, rate_amount: 3 } });
    expect(settled.columns).toMatchObject({ name: 2, rate_amount: 3 });
    expect(settled.pending).toEqual([]);
  });

  test('that leaves the sent field out says nothing of it', () => {
    const settled = settleOf({ answer: { updated: 2 } });
    expect(settled).toMatchObject({ columns: { name: 2 }, refused: [], overruled: [], pending: ['name'] });
  });

  test('to a create fills in what the API chose', () => {
    const local = { name: 2, rate_amount: null, rate_code: null, updated: null, vis_state: 0 };
    const settled = settleOf({ base: null, local, answer: { ...base, name: 2, rate_amount: 0 } });
    expect(settled.columns).toMatchObject({ name: 2, rate_amount: 0, rate_code: 1, vis_state: 0 });
    expect(settled).toMatchObject({ overruled: [], pending: [], refused: [] });
  });

  test('to a create leaves alone what was edited meanwhile', () => {
    const local = { name: 3, rate_amount: null, rate_code: null, updated: null, vis_state: 0 };
    const settled = settleOf({ base: null, local, answer: { ...base, name: 2 } });
    expect(settled).toMatchObject({ columns: { name: 3 }, pending: ['name'] });
  });

  test('to a create that was found late overrules no edit here, and journals what it may have met there', () => {
    const local = { name: 3, rate_amount: null, rate_code: null, updated: null, vis_state: 0 };
    const late = { base: null, local, answer: { ...base, name: 4 } };
    const settled = settleOf(late);
    expect(settled).toMatchObject({ columns: { name: 3 }, pending: ['name'] });
    expect(settled.overruled).toMatchObject([{ field: 'name', local: 3, remote: 4, winner: 'local' }]);
    // Where the answer is the call's own, the difference is the API's work alone.
    const own = settleOf({ ...late, filledIn: late.answer });
    expect(own).toMatchObject({ columns: { name: 3 }, pending: ['name'] });
    expect(own.overruled).toMatchObject([{ field: 'name', local: 2, remote: 4, winner: 'remote' }]);
  });
});
