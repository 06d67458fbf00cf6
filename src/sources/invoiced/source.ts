import type { Source } from '../source.js';
import { fields } from './fields.js';

export const invoiced: Source = {
  name: 'invoiced',
  fields,
  // In the autumn clock change a value can read back an hour early; the rest is for requests and clocks.
  overlap: 75 * 60,
  listings: 1,
  // Pages are by a key cursor at the server, to be read in order from the first one.
  resumable: false,
  deletesForGood: true,
  updatedColumn: 'updated_at',
};
