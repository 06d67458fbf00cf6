import { describe, expect, it } from 'vitest';
import { decode } from '../../src/sources/decode.js';
import { sources } from '../../src/sources/index.js';
import type { Json, JsonObject } from '../../src/sources/source.js';

const call: JsonObject = {
  action: 'phone',
  chase_step_id: null,
  complete: false,
  completed_by_user_id: null,
  completed_date: null,
  created_at: 1571347283,
  customer_id: 481594,
  due_date: 1571288400,
  id: 788,
  name: 'Call customer',
  updated_at: 1571347283,
  user_id: 1976,
};
const piloting: JsonObject = {
  billable: true,
  description: 'Piloting based on expectations of the executive',
  id: 159361,
  name: 'Piloting',
  rate: { amount: '100.00', code: 'CAD' },
  taskid: 159361,
  tax1: 0,
  tax2: 0,
  tdesc: 'Piloting based on expectations of the executive',
  tname: 'Piloting',
  updated: '2017-07-24 09:39:21',
  vis_state: 0,
};

const invoiced = (task: Json) => decode(sources.invoiced.fields, task);
const freshbooks = (task: Json) => decode(sources.freshbooks.fields, task, ['id', 'taskid']);

describe('a task that an API gave', () => {
  it('is read as printed in the documentation of Invoiced', () => {
    const { id, ...columns } = call;
    expect(invoiced(call)).toEqual({
      ok: true,
      task: { id, columns: { ...columns, vis_state: 0 }, raw: call },
    });
  });

  it('is read as printed in the documentation of FreshBooks', () => {
    expect(freshbooks(piloting)).toEqual({
      ok: true,
      task: {
        id: 159361,
        columns: {
          name: 'Piloting',
          description: 'Piloting based on expectations of the executive',
          rate_amount: '100.00',
          rate_code: 'CAD',
          billable: true,
          tax1: 0,
          tax2: 0,
          vis_state: 0,
          updated_at: Date.parse('2017-07-24T13:39:21Z') / 1000,
        },
        raw: piloting,
      },
    });
  });

  it('may have keys nobody knows, and holds only the columns whose keys it has', () => {
    const task = { id: 5, project_default: true, tname: 'Short', nested: { deep: [1, null] } };
    expect(freshbooks(task)).toEqual({ ok: true, task: { id: 5, columns: { name: 'Short' }, raw: task } });
    expect(freshbooks({ taskid: 6 })).toMatchObject({ ok: true, task: { id: 6, columns: {} } });
  });

  it('shows nothing as the API shows it: no tax is 0, no description is empty, no rate is null', () => {
    const task = { id: 5, description: null, tax1: null, vis_state: null, rate: null, billable: null };
    const columns = {
      description: '',
      tax1: 0,
      vis_state: 0,
      rate_amount: null,
      rate_code: null,
      billable: null,
    };
    expect(freshbooks(task)).toMatchObject({ ok: true, task: { columns } });
  });

  it('has no rate while half of it is missing', () => {
    expect(freshbooks({ id: 5, rate: { amount: '5.00' } })).toMatchObject({
      ok: true,
      task: { columns: {} },
    });
    expect(freshbooks({ id: 5, rate: { code: 'USD' } })).toMatchObject({ ok: true, task: { columns: {} } });
  });

  it('brings money and times to two decimals and whole seconds', () => {
    expect(freshbooks({ id: 5, rate: { amount: '7.125', code: 'USD' } })).toMatchObject({
      task: { columns: { rate_amount: '7.13' } },
    });
    expect(invoiced({ id: 5, due_date: 12.9 })).toMatchObject({ task: { columns: { due_date: 12 } } });
  });

  it.each<[string, Json, string | null, RegExp]>([
    ['no object', [call], null, /expected a task/],
    ['null', null, null, /expected a task/],
    ['no id', { name: 'x' }, null, /^id: expected a positive/],
    ['id 0', { id: 0 }, '0', /^id/],
    ['a negative id', { id: -5 }, '-5', /^id/],
    ['a fraction for an id', { id: 1.5 }, '1.5', /^id/],
    ['an id beyond 2^53', { id: 2 ** 53 }, '9007199254740992', /^id/],
    ['an id as text', { id: '78\n8' }, '78?8', /^id/],
    ['a number as name', { id: 7, name: 5 }, '7', /^name: expected a string, got the number 5/],
    ['a text as number', { id: 7, user_id: '5' }, '7', /^user_id: expected a whole number, got a string/],
    ['a fraction as user', { id: 7, user_id: 1.5 }, '7', /^user_id/],
    ['0 as false', { id: 7, complete: 0 }, '7', /^complete: expected true or false/],
    ['a time as text', { id: 7, due_date: '1571288400' }, '7', /^due_date: expected seconds/],
    ['a time after the year 9999', { id: 7, due_date: 253_402_300_800 }, '7', /^due_date: .*1 to 9999/],
    ['a time before the year 1', { id: 7, due_date: -62_135_596_801 }, '7', /^due_date/],
    ['a number beyond 2^53', { id: 7, customer_id: 1e300 }, '7', /^customer_id/],
    ['a NUL', { id: 7, name: 'a\0b' }, '7', /NUL/],
    ['half a surrogate pair in a key nobody reads', { id: 7, x: ['\ud800'] }, '7', /surrogate/],
    ['half a surrogate pair as a key', { id: 7, x: { '\udc00': 1 } }, '7', /surrogate/],
    ['a number that JSON can hold and JavaScript not', { id: 7, x: JSON.parse('1e999') }, '7', /too large/],
    [
      'a well of lists',
      { id: 7, x: JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) },
      '7',
      /nested deeper/,
    ],
  ])('is reported with its id when it has %s', (_, task, id, reason) => {
    expect(invoiced(task)).toEqual({ ok: false, id, reason: expect.stringMatching(reason) });
  });

  it.each<[string, JsonObject, RegExp]>([
    ['a rate that is no object', { rate: '5.00' }, /^rate: expected an amount and a code/],
    [
      'an amount that is a number',
      { rate: { amount: 5, code: 'USD' } },
      /^rate_amount: expected a decimal in a string/,
    ],
    ['an amount that is none', { rate: { amount: 'five', code: 'USD' } }, /^rate_amount/],
    ['an updated that is a number', { updated: 5 }, /^updated: expected a time such as/],
    ['an updated that is no time', { updated: '2026-02-30 00:00:00' }, /^updated: expected a time such as/],
    ['a vis_state that is text', { vis_state: '1' }, /^vis_state/],
  ])('is reported when it has %s', (_, keys, reason) => {
    expect(freshbooks({ id: 7, ...keys })).toEqual({
      ok: false,
      id: '7',
      reason: expect.stringMatching(reason),
    });
  });

  it('may hold whole surrogate pairs and every other character', () => {
    expect(invoiced({ id: 7, name: 'Grüße 🎉 \u{10ffff}\t' })).toMatchObject({ ok: true });
  });
});
