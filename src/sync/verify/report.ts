import type { Unreadable } from '../../mirror/unreadable.js';
import type { PlannedRow } from '../plan.js';
import type { WorkProgress } from '../work.js';
import type { FieldDifference } from './compare.js';

/** What a verification of one connection has found. Lists are cut where they grow long; the numbers are whole. */
export interface Verification {
  readonly connection: string;
  readonly source: string;
  /** `unknown`: nothing differs, as far as could be told, but not everything could. */
  readonly outcome: 'equal' | 'different' | 'unknown';
  /** Why not everything could be told; null where it could. */
  readonly reason: string | null;
  readonly runId: string | null;
  /** Tasks that the API has, deleted ones too where it lists them. */
  readonly tasks: number;
  /** Rows that the mirror holds, deleted ones too. */
  readonly rows: number;
  readonly different: number;
  /** Rows with local changes that wait to be sent: no difference. */
  readonly pending: number;
  /** Rows whose local change the API refused. */
  readonly failed: number;
  /** Tasks that looked different and were being changed: no difference. */
  readonly meanwhile: number;
  /** Tasks that the API sends and that can't be read. */
  readonly unreadable: number;
  /** Different at the first look, and not looked at again since there are so many. */
  readonly unjudged: number;
  readonly differences: readonly Difference[];
  readonly refused: readonly PlannedRow[];
  readonly unreadableTasks: readonly Unreadable[];
}

export interface Difference {
  readonly kind: DifferenceKind;
  /** Null for a task that the mirror lacks. */
  readonly rowId: string | null;
  readonly id: number | null;
  readonly name: string | null;
  readonly fields: readonly FieldDifference[];
  /** Whether the API changed it after the last good pull: then the next one brings it. */
  readonly behind: boolean;
}

/**
 * `differs`: in these fields; `missing`: the API has the task, the mirror lacks it; `deleted`: the API has deleted it, the mirror
 * holds it as there; `unmade`: the row says that it is synced, though no task is known behind it.
 */
export type DifferenceKind = 'differs' | 'missing' | 'deleted' | 'unmade';

export const nothingFound = {
  runId: null,
  tasks: 0,
  rows: 0,
  different: 0,
  pending: 0,
  failed: 0,
  meanwhile: 0,
  unreadable: 0,
  unjudged: 0,
  differences: [],
  refused: [],
  unreadableTasks: [],
} as const satisfies Partial<Verification>;

/** What who asked is told meanwhile. */
export type VerifyStep =
  | { readonly state: 'waiting'; readonly for: string }
  | ({ readonly state: 'reading' } & WorkProgress)
  /** All is read, and a pull is waited for that may bring what still differs. */
  | { readonly state: 'settling'; readonly different: number };
