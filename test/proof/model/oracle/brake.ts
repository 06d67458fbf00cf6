import type { Check, Facts } from './facts.js';

/** So few are never held up. */
const FEW = 10;

/**
 * I7, at the API: of tasks that one statement deleted here, more than the limit allows, none is deleted there before a person has let it.
 * Only those count that nobody touched otherwise, and of the limit the highest that it can have been.
 */
export const brakeThere: Check = (facts) => {
  const { ledger, api, deleteLimit } = facts;
  const gone = ledger.writes.filter(({ change }) => deletes(change));
  const all = api.size + gone.length + ledger.edits.filter(isDeletion).length;
  for (const { at, tasks } of ledger.masses) {
    const approved = Math.min(...ledger.approvals.filter((approval) => approval > at));
    for (const write of gone) {
      if (write.at < at || write.at > approved || !tasks.includes(write.change.task)) continue;
      const waiting = tasks.filter((task) => waits(facts, task, at, write.at));
      if (waiting.length > FEW && waiting.length > deleteLimit * all)
        return [
          `task ${write.change.task} is deleted at the API, with ${waiting.length} of ${all} that wait for a person`,
        ];
    }
  }
  return [];
};

/** I7, in the mirror: no poll and no walk marks more rows deleted than the limit allows, unless it was forced. */
export const brakeHere: Check = ({ ledger, rows, deleteLimit }) => {
  const jobs = new Set(ledger.tombstones.map(({ job }) => job));
  return [...jobs].flatMap((job) => {
    const marked = ledger.tombstones.filter((each) => each.job === job).length;
    return job.braked && marked > FEW && marked > deleteLimit * rows.length
      ? [`${job.what} has marked ${marked} of ${rows.length} rows deleted`]
      : [];
  });
};

/** Deleted then, still there just before `until`, and touched by nobody else. */
const waits = ({ ledger }: Facts, task: string, since: number, until: number): boolean =>
  !ledger.edits.some(
    (edit) => edit.task === task && (edit.side === 'remote' || (edit.at > since && edit.at < until)),
  ) && !ledger.writes.some(({ change, at }) => change.task === task && at < until && deletes(change));

const deletes = ({
  field,
  before,
  after,
}: {
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
}): boolean =>
  field === 'vis_state' && before !== null && before !== '1' && (after === null || after === '1');

const isDeletion = ({ field, value }: { readonly field: string; readonly value: string }): boolean =>
  field === 'vis_state' && value === '1';
