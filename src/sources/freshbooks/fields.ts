import { unfit } from '../canonical.js';
import { isObject } from '../decode.js';
import { field, fromJson, sendable } from '../field.js';
import type { Column, Field } from '../source.js';
import { easternToInstant } from './eastern-time.js';

const amount: Column = { name: 'rate_amount', type: 'money', absent: null };
const code: Column = { name: 'rate_code', type: 'text', absent: null };

/** `{"amount": "50.00", "code": "USD"}`, whole or not at all; null is no rate. */
const rate: Field = {
  name: 'rate',
  columns: [amount, code],
  writable: true,
  keys: ['rate'],
  decode: (task) => {
    const json = task['rate'];
    if (json === undefined) return undefined;
    if (json === null) return { rate_amount: null, rate_code: null };
    if (!isObject(json)) throw unfit('rate', json, 'an amount and a code');
    if (json['amount'] === undefined || json['code'] === undefined) return undefined;
    return { rate_amount: fromJson(amount, json['amount']), rate_code: fromJson(code, json['code']) };
  },
  encode: (columns) => {
    const set = sendable(columns, 'rate_amount') !== null;
    return {
      rate: set ? { amount: sendable(columns, 'rate_amount'), code: sendable(columns, 'rate_code') } : null,
    };
  },
};

/** A task's fields at FreshBooks. `updated` is US/Eastern wall time, 1 s. https://www.freshbooks.com/api/tasks */
export const fields: readonly Field[] = [
  field({ name: 'name', type: 'text', keys: ['name', 'tname'], writable: true }),
  field({ name: 'description', type: 'text', keys: ['description', 'tdesc'], writable: true, absent: '' }),
  rate,
  field({ name: 'billable', type: 'boolean', writable: true }),
  field({ name: 'tax1', type: 'integer', writable: true, absent: 0 }),
  field({ name: 'tax2', type: 'integer', writable: true, absent: 0 }),
  field({ name: 'vis_state', type: 'integer', writable: true, absent: 0 }),
  field({
    name: 'updated_at',
    type: 'instant',
    keys: ['updated'],
    parse: (json) => {
      if (typeof json !== 'string') throw unfit('updated', json, 'a time such as 2026-11-01 01:30:00');
      return easternToInstant(json);
    },
  }),
];
