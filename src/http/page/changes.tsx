import type { FC } from 'hono/jsx';
import type { PlannedRow } from '../../sync/plan.js';
import { isMade } from '../../words/plan.js';
import { told } from '../../words/values.js';
import { Foreign } from './bits.js';

const MOST_LETTERS = 160;

/** What a row's call would change, field by field. */
export const Changes: FC<{ row: PlannedRow }> = ({ row }) =>
  row.fields.length === 0 ? null : (
    <dl class="changes">
      {row.fields.map(({ field, old, new: now }) => (
        <div>
          <dt>{field.name}</dt>
          <dd>
            {isMade(row) ? null : (
              <>
                <del>
                  <Foreign>{told(field, old, MOST_LETTERS)}</Foreign>
                </del>{' '}
                <span class="arrow">→</span>{' '}
              </>
            )}
            <ins>
              <Foreign>{told(field, now, MOST_LETTERS)}</Foreign>
            </ins>
          </dd>
        </div>
      ))}
    </dl>
  );
