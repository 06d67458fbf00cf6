import type { Unreadable } from '../../mirror/unreadable.js';
import type { PlannedRow } from '../plan.js';
import type { Judgement } from './judge.js';
import type { Difference, Verification } from './report.js';

/** What a verification has found so far. Keeps no more than `most` of each kind, so that memory stays flat. */
export type Findings = ReturnType<typeof createFindings>;

type Told = Omit<Verification, 'connection' | 'source' | 'runId'>;

interface End {
  readonly tasks: number;
  readonly rows: number;
  readonly pending: number;
  readonly failed: number;
  readonly refused: readonly PlannedRow[];
}

export function createFindings(most: number) {
  let differences: Difference[] = [];
  const unreadable = new Map<string, string>();
  let unreadableMore = 0;
  let meanwhile = 0;
  let unjudged = 0;
  let end: End = { tasks: 0, rows: 0, pending: 0, failed: 0, refused: [] };

  const addUnreadable = ({ id, reason }: Unreadable): void => {
    if (unreadable.size < most || unreadable.has(id)) unreadable.set(id, reason);
    else unreadableMore++;
  };
  const outcome = (): Told['outcome'] => {
    if (differences.length > 0 || end.failed > 0) return 'different';
    return unjudged > 0 || unreadable.size > 0 ? 'unknown' : 'equal';
  };

  return {
    add: (judgement: Judgement): void => {
      if (judgement.is === 'different') differences.push(judgement.difference);
      else if (judgement.is === 'unknown') addUnreadable(judgement.task);
      else if (judgement.is === 'equal') meanwhile++;
    },
    different: (difference: Difference): void => void differences.push(difference),
    unreadable: addUnreadable,
    unjudged: (count: number): void => {
      unjudged += count;
    },
    /** So many differ that no more are looked at. */
    full: (): boolean => differences.length >= most,
    differences: (): readonly Difference[] => differences,
    /** Gives the ids of what differs, to be judged again, and forgets it. What no API knows stays. */
    takeDifferences: (): readonly number[] => {
      const again = differences.flatMap(({ id, kind }) => (id === null || kind === 'unmade' ? [] : [id]));
      differences = differences.filter(({ id, kind }) => id === null || kind === 'unmade');
      return again;
    },
    /** Forgets that these were deleted: it happened meanwhile. */
    excuse: (ids: readonly number[]): void => {
      const excused = new Set(ids);
      const left = differences.filter(
        ({ id, kind }) => kind !== 'deleted' || id === null || !excused.has(id),
      );
      meanwhile += differences.length - left.length;
      differences = left;
    },
    end: (told: End): void => {
      end = told;
    },
    /** For `sync.runs.error`; null where all is equal. */
    summary: (): string | null => {
      const parts = [
        differences.length > 0 && `${differences.length} of ${end.tasks} tasks differ`,
        unjudged > 0 && `${unjudged} more differed when they were read and were not looked at again`,
        end.failed > 0 && `${end.failed} rows were refused by the API`,
        unreadable.size > 0 && `${unreadable.size + unreadableMore} tasks can't be read`,
      ].filter(Boolean);
      return parts.length === 0 ? null : parts.join('; ');
    },
    report: (): Told => ({
      ...end,
      outcome: outcome(),
      reason: outcome() === 'unknown' ? reasonOf(unjudged, unreadable.size + unreadableMore) : null,
      different: differences.length,
      meanwhile,
      unreadable: unreadable.size + unreadableMore,
      unjudged,
      differences,
      unreadableTasks: [...unreadable].map(([id, reason]) => ({ id, reason })),
    }),
  };
}

function reasonOf(unjudged: number, unreadable: number): string {
  const parts = [
    unreadable > 0 && `${unreadable} ${unreadable === 1 ? 'task' : 'tasks'} can't be compared`,
    unjudged > 0 && `the API did not list ${unjudged} tasks that the mirror holds, too many to ask for`,
  ].filter(Boolean);
  return parts.join('; ');
}
