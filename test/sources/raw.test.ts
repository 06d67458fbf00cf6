import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sources } from '../../src/sources/index.js';
import { columnsOf, encode, keepMissing } from '../../src/sources/raw.js';
import type { Json, JsonObject } from '../../src/sources/source.js';

const { fields } = sources.freshbooks;
const last: JsonObject = {
  id: 5,
  taskid: 5,
  name: 'Old',
  tname: 'Old',
  rate: { amount: '5.00', code: 'USD' },
  tax1: 3,
  project_default: true,
};

describe('a key that an answer leaves out', () => {
  it('keeps its last value, known to us or not', () => {
    expect(keepMissing(fields, last, { id: 5, tax1: 4 })).toEqual({ ...last, tax1: 4 });
  });

  it('is no null: null is a value', () => {
    expect(keepMissing(fields, last, { id: 5, rate: null, project_default: null })).toEqual({
      ...last,
      rate: null,
      project_default: null,
    });
  });

  it('lets an alternative key speak for its field', () => {
    const kept = keepMissing(fields, last, { id: 5, tname: 'New' });
    expect(kept['name']).toBeUndefined();
    expect(columnsOf(fields, kept)['name']).toBe('New');
  });

  it('counts as left out when half of the field is there', () => {
    expect(keepMissing(fields, last, { id: 5, rate: { amount: '9.00' } })['rate']).toEqual(last['rate']);
    const neverWhole = { id: 5, rate: { amount: '9.00' } };
    expect(keepMissing(fields, { id: 5 }, neverWhole)).toEqual(neverWhole);
  });

  it('may have any name', () => {
    const odd = JSON.parse('{"id": 5, "__proto__": {"a": 1}, "constructor": 2}') as JsonObject;
    expect(JSON.parse(JSON.stringify(keepMissing(fields, odd, { id: 5 })))).toEqual(odd);
    expect(JSON.stringify(keepMissing(fields, { id: 5 }, odd))).toBe(JSON.stringify(odd));
  });

  it('has nothing to keep the first time', () => {
    expect(keepMissing(fields, null, last)).toBe(last);
  });

  it('changes nothing for the same answer again, and has every key that either had', () => {
    const value = fc.constantFrom<Json>(null, 1, 2);
    const task = fc
      .record(
        { tax1: value, tax2: value, billable: fc.boolean(), vis_state: value, more: value },
        { requiredKeys: [] },
      )
      .map((keys): JsonObject => ({ id: 5, ...keys }));
    fc.assert(
      fc.property(task, task, (before, answer) => {
        const once = keepMissing(fields, before, answer);
        expect(keepMissing(fields, once, answer)).toEqual(once);
        expect(Object.keys(once).sort()).toEqual(
          [...new Set([...Object.keys(before), ...Object.keys(answer)])].sort(),
        );
        expect(once).toMatchObject(answer);
      }),
    );
  });
});

describe('the columns of a raw task', () => {
  it('are all there, with what nothing looks like for keys never seen', () => {
    expect(columnsOf(fields, { id: 5, name: 'A' })).toEqual({
      name: 'A',
      description: '',
      rate_amount: null,
      rate_code: null,
      billable: null,
      tax1: 0,
      tax2: 0,
      vis_state: 0,
      updated_at: null,
    });
  });
});

describe('a request body', () => {
  const columns = {
    ...columnsOf(fields, last),
    description: 'D',
    rate_amount: '7.50',
    rate_code: 'EUR',
    billable: false,
  };

  it('holds the named fields alone, in the API’s own shape', () => {
    expect(encode(fields, ['name', 'rate', 'billable'], columns)).toEqual({
      name: 'Old',
      rate: { amount: '7.50', code: 'EUR' },
      billable: false,
    });
    expect(encode(fields, ['rate'], { rate_amount: null, rate_code: 'EUR' })).toEqual({ rate: null });
    expect(encode(fields, [], columns)).toEqual({});
    expect(
      encode(sources.invoiced.fields, ['due_date', 'complete', 'user_id'], {
        due_date: 1571288400,
        complete: true,
        user_id: null,
      }),
    ).toEqual({ due_date: 1571288400, complete: true, user_id: null });
  });

  it('never holds what can’t be written, nor a value that nobody gave', () => {
    expect(() => encode(fields, ['updated_at'], columns)).toThrow(/updated_at/);
    expect(() => encode(fields, ['colour'], columns)).toThrow(/colour/);
    expect(() => encode(fields, ['name'], {})).toThrow(/name: no value to send/);
  });

  it('reads back as it was written', () => {
    for (const source of [sources.invoiced, sources.freshbooks]) {
      for (const field of source.fields.filter((each) => each.writable && each.keys.length > 0)) {
        const samples = { text: 'x', integer: 7, boolean: true, instant: 1571288400, money: '7.50' } as const;
        const sent = Object.fromEntries(field.columns.map((column) => [column.name, samples[column.type]]));
        expect(field.decode(field.encode(sent))).toEqual(sent);
      }
    }
  });
});
