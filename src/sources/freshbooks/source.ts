import type { Source } from '../source.js';
import { fields } from './fields.js';

export const freshbooks: Source = {
  name: 'freshbooks',
  fields,
  // Longer than a request with its retries; the filter takes whole days, so the real overlap is a day or two.
  overlap: 5 * 60,
  // Active and archived tasks, and deleted ones.
  listings: 2,
  resumable: true,
  deletesForGood: false,
  updatedColumn: 'updated_at',
};
