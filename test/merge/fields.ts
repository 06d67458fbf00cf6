import fc from 'fast-check';
import type { Columns, Field } from '../../src/fields.js';

const field = (name: string, writable: boolean, ...columns: string[]): Field => ({
  name,
  columns: (columns.length ? columns : [name]).map((column) => ({
    name: column,
    type: 'integer',
    absent: name === 'vis_state' ? 0 : null,
  })),
  writable,
  keys: [name],
  decode: (task) => task as Columns,
  encode: (row) => row,
});

/** A small task: one plain field, one of two columns, one that only the API writes, and its visibility. */
export const fields: readonly Field[] = [
  field('name', true),
  field('rate', true, 'rate_amount', 'rate_code'),
  field('updated', false),
  field('vis_state', true),
];

/** Few values, so that equal changes on both sides are common. */
const value = fc.constantFrom(1, 2, 3);

export const task: fc.Arbitrary<Columns> = fc.record({
  name: value,
  rate_amount: value,
  rate_code: value,
  updated: value,
  vis_state: fc.constantFrom(0, 1, 2),
});

/** What an answer may give: any field can be left out, `rate` only whole. */
export const answer: fc.Arbitrary<Columns> = fc
  .tuple(task, fc.subarray(['name', 'rate', 'updated', 'vis_state']))
  .map(([whole, left]) =>
    Object.fromEntries(
      Object.entries(whole).filter(([column]) => !left.some((name) => column.startsWith(name))),
    ),
  );
