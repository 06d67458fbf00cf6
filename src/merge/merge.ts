import type { Columns, ConflictPolicy, Field } from '../fields.js';
import { type FieldValue, fieldValue, holds, pick, same } from './values.js';

export type Side = 'local' | 'remote';

/** A value that lost, with everything needed to judge it and to put it back. */
export interface Overruled {
  readonly field: string;
  readonly base: FieldValue;
  readonly local: FieldValue;
  readonly remote: FieldValue;
  readonly winner: Side;
  readonly reason: string;
}

export interface MergeInput {
  readonly fields: readonly Field[];
  /** The task as the API last gave it; null while it has no such task (not made yet, or gone for good). */
  readonly base: Columns | null;
  /** The row's columns now, in canonical form. */
  readonly local: Columns;
  /** The task as the API gives it now; a column that the answer left out is absent. `gone`: deleted for good. */
  readonly remote: Columns | 'gone';
  /** What writes under way sent, of which it isn't known whether it arrived. */
  readonly sent: readonly Columns[];
  /** Those of them that may have arrived and been undone since: where the API shows the base, that may be somebody's edit. */
  readonly perhapsUndone?: readonly Columns[];
  /** The names of columns that were edited here though they may hold what the base does: edits that went back to it. */
  readonly editedAgain?: readonly string[];
  readonly policy: ConflictPolicy;
  /** Which side changed last, for the policy `newest`. */
  readonly newer: Side;
}

export interface Merged {
  /** The row's columns after the merge. */
  readonly columns: Columns;
  /** The losers, for the journal. */
  readonly overruled: readonly Overruled[];
  /** The names of the fields that now differ from the API's: what is to be sent. */
  readonly pending: readonly string[];
}

/**
 * Merges what the API gives into a row, field by field:
 *
 *     local vs base   remote vs base       then
 *     same            same                 nothing
 *     same            changed              take remote
 *     changed         same                 keep local, to be sent
 *     changed         changed, equal       agreed
 *     changed         changed, different   conflict: the policy decides, the loser is journalled
 *
 * A local value that was edited again counts as changed though it is the base's, and so does not give way unseen. A remote value equal to one
 * that is being sent is our own and counts as base, so that a newer local edit does not lose against our own older one. One equal to the base,
 * though what was sent may have been there in between, does not hold up the local edit, and is journalled: somebody may have put it back. A
 * delete that meets an edit is a conflict too. Idempotent: merging the same answer again, with it as the base, changes nothing and journals
 * nothing.
 */
export function merge(input: MergeInput): Merged {
  if (input.remote === 'gone') return mergeGone(input, input.base);
  const remote = complete(input.fields, input.remote, input.base);
  const base = effectiveBase(input, remote);

  // What was sent and has arrived was told.
  const told = input.fields.filter((field) => isOurs(field, input, remote)).flatMap(({ columns }) => columns);
  const editedAgain = input.editedAgain?.filter((edited) => told.every(({ name }) => name !== edited)) ?? [];

  const columns: Record<string, Columns[string]> = {};
  const overruled: Overruled[] = [];
  for (const field of input.fields) {
    const outcome = mergeField(field, base, input.local, remote, { ...input, editedAgain });
    Object.assign(columns, pick(field, outcome.winner === 'local' ? input.local : remote));
    if (outcome.conflict) overruled.push(outcome.conflict);
  }
  const judged = judgeDeletion({ ...input, remote, base, editedAgain }, columns, overruled);
  return { ...judged, pending: differing(input.fields, judged.columns, remote) };
}

/** Which side changed last: the API's clock corrected by `skew`, seconds it is ahead of ours. A tie within a second goes to the API. */
export function newerSide(remoteUpdatedAt: number | null, localEditedAt: number | null, skew: number): Side {
  if (remoteUpdatedAt === null || localEditedAt === null) return 'remote';
  return localEditedAt - (remoteUpdatedAt - skew) > 1 ? 'local' : 'remote';
}

/** The names of the writable fields in which the row differs from the API. An edit of a task deleted on both sides waits until it is restored. */
export function differing(fields: readonly Field[], row: Columns, api: Columns): readonly string[] {
  if (row['vis_state'] === DELETED && api['vis_state'] === DELETED) return [];
  return fields.filter((field) => field.writable && !same(field, row, api)).map((field) => field.name);
}

const DELETED = 1;

/** A key that an answer leaves out keeps its last value: a missing key is no edit. */
function complete(fields: readonly Field[], remote: Columns, base: Columns | null): Columns {
  const whole: Record<string, Columns[string]> = {};
  for (const field of fields) {
    const from = holds(field, remote) || base === null ? remote : base;
    Object.assign(whole, pick(field, from));
  }
  return whole;
}

function isOurs(field: Field, { sent }: Pick<MergeInput, 'sent'>, remote: Columns): boolean {
  return sent.some((body) => holds(field, body) && same(field, body, remote));
}

function effectiveBase(input: MergeInput, remote: Columns): Columns {
  const { fields, base } = input;
  // A task that was gone and is there again: all that is known of the API's last state is that it was deleted.
  const last = base ?? { vis_state: DELETED };
  const columns: Record<string, Columns[string]> = {};
  for (const field of fields) {
    Object.assign(columns, pick(field, isOurs(field, input, remote) ? remote : last));
  }
  return columns;
}

function mergeField(
  field: Field,
  base: Columns,
  local: Columns,
  remote: Columns,
  input: Pick<MergeInput, 'policy' | 'newer' | 'perhapsUndone' | 'editedAgain'>,
): { readonly winner: Side; readonly conflict?: Overruled } {
  if (!field.writable || same(field, local, remote)) return { winner: 'remote' };
  if (!isEdited(field, local, base, input)) return { winner: 'remote' };
  if (same(field, remote, base) && mayBeUndone(field, remote, input))
    return { winner: 'local', conflict: overrule(field, base, local, remote, 'local', UNDONE) };
  if (same(field, remote, base)) return { winner: 'local' };
  const winner = decide(field, input);
  return { winner, conflict: overrule(field, base, local, remote, winner, 'both sides changed it') };
}

const isEdited = (field: Field, local: Columns, base: Columns, input: Pick<MergeInput, 'editedAgain'>) =>
  !same(field, local, base) || isEditedAgain(field, input);

export const isEditedAgain = (field: Field, { editedAgain = [] }: Pick<MergeInput, 'editedAgain'>): boolean =>
  field.columns.some(({ name }) => editedAgain.includes(name));

const mayBeUndone = (
  field: Field,
  remote: Columns,
  { perhapsUndone = [] }: Pick<MergeInput, 'perhapsUndone'>,
) => perhapsUndone.some((body) => holds(field, body) && !same(field, body, remote));

const UNDONE = 'an edit whose sending had an unknown outcome may have arrived, and been undone at the API';

function decide(field: Field, { policy, newer }: Pick<MergeInput, 'policy' | 'newer'>): Side {
  const chosen = field.policy ?? policy;
  return chosen === 'newest' ? newer : chosen;
}

function overrule(
  field: Field,
  base: Columns | null,
  local: Columns,
  remote: Columns | null,
  winner: Side,
  reason: string,
): Overruled {
  return {
    field: field.name,
    base: fieldValue(field, base),
    local: fieldValue(field, local),
    remote: fieldValue(field, remote),
    winner,
    reason,
  };
}

/** A delete on one side that meets an edit on the other is a conflict, though no single field was changed by both. */
function judgeDeletion(
  input: MergeInput & { readonly remote: Columns; readonly base: Columns },
  columns: Columns,
  overruled: readonly Overruled[],
): Pick<Merged, 'columns' | 'overruled'> {
  const { fields, base, local, remote } = input;
  const visibility = fields.find((field) => field.name === 'vis_state');
  if (visibility === undefined || base['vis_state'] === DELETED) return { columns, overruled };

  const data = fields.filter((field) => field.writable && field !== visibility);
  const editedHere = data.filter((field) =>
    same(field, local, remote) ? isEditedAgain(field, input) : isEdited(field, local, base, input),
  );
  const editedThere = data.filter((field) => !same(field, remote, base) && !same(field, local, remote));
  const deletedHere = local['vis_state'] === DELETED;
  const deletedThere = remote['vis_state'] === DELETED;
  const journal = (field: Field, winner: Side, reason: string) =>
    overrule(field, base, local, remote, winner, reason);

  if (deletedThere && !deletedHere && editedHere.length > 0) {
    return decide(visibility, input) === 'remote'
      ? {
          columns: remote,
          overruled: [
            ...overruled.filter(({ field }) => field === visibility.name),
            ...editedHere.map((field) => journal(field, 'remote', 'the task was deleted at the API')),
          ],
        }
      : {
          columns: { ...columns, ...pick(visibility, local) },
          overruled: [
            ...overruled.filter(({ field }) => field !== visibility.name),
            journal(visibility, 'local', 'the deleted task had been edited here'),
          ],
        };
  }
  if (deletedHere && !deletedThere && editedThere.length > 0) {
    return decide(visibility, input) === 'remote'
      ? {
          columns: { ...columns, ...pick(visibility, remote) },
          overruled: [
            ...overruled.filter(({ field }) => field !== visibility.name),
            journal(visibility, 'remote', 'the task was edited at the API'),
          ],
        }
      : {
          columns: { ...columns, ...pick(visibility, local) },
          overruled: [
            ...overruled,
            ...editedThere
              .filter((field) => !overruled.some((entry) => entry.field === field.name))
              .map((field) => journal(field, 'local', 'the task had been deleted here')),
          ],
        };
  }
  return { columns, overruled };
}

/** Deleted for good: the delete wins under every policy, since it can't be undone; the row shows the task as the API last had it. */
function mergeGone(input: MergeInput, base: Columns | null): Merged {
  const { fields, local } = input;
  if (base === null) return { columns: local, overruled: [], pending: [] };
  const lost = fields.filter((field) =>
    field.name === 'vis_state'
      ? isEditedAgain(field, input) && local['vis_state'] !== DELETED
      : field.writable && isEdited(field, local, base, input),
  );
  return {
    columns: { ...base, vis_state: DELETED },
    overruled: lost.map((field) =>
      overrule(field, base, local, null, 'remote', 'the task was deleted at the API for good'),
    ),
    pending: [],
  };
}
