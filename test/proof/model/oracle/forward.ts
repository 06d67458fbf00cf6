import type { SourceName } from '../../../../src/sources/source.js';
import type { Job } from '../jobs.js';
import type { Ledger } from '../ledger.js';
import { type Row, toldByRow } from '../sides.js';

/** Looks at the mirror whenever something was committed there. */
export interface Forward {
  /** `job`: whose commit it was; null for a person's. */
  look(rows: readonly Row[], job: Job | null): void;
}

/** What a field may show again and again: there are few such values, or it is what stands for nothing. */
const FEW = new Set(['action', 'complete', 'billable', 'vis_state']);
const NOTHING = new Set(['null', '0', '', '0.00 USD', 'undefined']);

/**
 * I1 and I2 at every moment: no field goes back to what it showed before, unless somebody gave it that value anew. An older answer that was
 * merged over a newer one, and an edit that lost against an older one of its own side, would heal or be journalled, and be wrong all the same.
 * `all`: the ledgers of all mirrored sources.
 */
export function createForward(source: SourceName, ledger: Ledger, all: readonly Ledger[]): Forward {
  const alive = new Set<string>();
  const shown = new Map<string, { last: string; readonly former: Map<string, number> }>();
  const givenSince = (field: string, value: string, at: number) =>
    ledger.edits.some((edit) => edit.field === field && edit.value === value && edit.at > at);
  /** Where names go there and back, the way back may have been gone before the mirror, or the other end of a link, knew of the way there. */
  const givenAfter = (field: string, value: string, other: string) => {
    const times = all
      .flatMap(({ edits }) => edits)
      .filter((edit) => edit.field === field && edit.value === other && !edit.over)
      .map(({ at }) => at);
    return !ledger.labelled && times.length > 0 && givenSince(field, value, Math.max(...times));
  };
  return {
    look: (rows, job) => {
      for (const row of rows) {
        const told = toldByRow(source, row);
        const id = String(row['row_id']);
        const there = told['vis_state'] !== '1';
        if (job !== null && !there && alive.has(id)) ledger.tombstone(job, id);
        if (there) alive.add(id);
        else alive.delete(id);
        for (const [field, value] of Object.entries(told)) {
          if (FEW.has(field)) continue;
          const key = `${row['row_id']} ${field}`;
          const known = shown.get(key) ?? { last: value, former: new Map<string, number>() };
          shown.set(key, known);
          if (known.last === value) continue;
          const left = known.former.get(value);
          // A task that was deleted shows what it last was at the API.
          const excused = NOTHING.has(value) || told['vis_state'] === '1' || row['sync_state'] === 'failed';
          const given =
            left === undefined || givenSince(field, value, left) || givenAfter(field, value, known.last);
          if (!excused && !given)
            ledger.wrong(`row ${row['row_id']}: ${field} goes back from ${known.last} to ${value}`);
          known.former.set(known.last, ledger.moment());
          known.last = value;
        }
      }
    },
  };
}
