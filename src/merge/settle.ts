import type { Columns, Field } from '../fields.js';
import { differing, isEditedAgain, type Merged, type MergeInput, merge, type Overruled } from './merge.js';
import { fieldValue, holds, pick, same } from './values.js';

export interface SettleInput extends Omit<MergeInput, 'remote' | 'sent'> {
  /** The columns that the write sent; others were not part of it. */
  readonly sent: Columns;
  /** The task as the API gave it in answer to the write. */
  readonly answer: Columns;
  /** What the API filled in by itself when it made the task; null where that isn't known, or the task was there already. */
  readonly filledIn?: Columns | null;
  /** Whether a value that is not what was sent is the API's own work, and nobody's edit. By default all are. */
  readonly isRemade?: (field: Field) => boolean;
}

export interface Settled extends Merged {
  /** The fields that the API said it took and still shows as they were: refused in all but name. */
  readonly refused: readonly string[];
  /** The fields of which the API has made something else than it was sent, and which were taken over so. */
  readonly remade: readonly string[];
}

/**
 * Merges the answer to a write of ours. Whatever was edited since the write was read stays as it is and goes out next.
 * A field that comes back neither as sent nor as it was (cut, rounded, normalised) is taken over and journalled, not
 * sent again; one that comes back as it was is refused and stays as the person left it. Fields that were not sent are
 * merged like any other answer's.
 */
export function settle(input: SettleInput): Settled {
  const { fields, base, local, sent, answer, filledIn = null, isRemade = () => true } = input;
  const written = fields.filter((field) => holds(field, sent) && holds(field, answer));
  const refused = written.filter(
    (field) => base !== null && !same(field, answer, sent) && same(field, answer, base),
  );
  const normalised = written.filter((field) => !same(field, answer, sent) && !refused.includes(field));

  // To the merge, what we sent and the API made of it is the last known state: only edits since then differ from it.
  const agreed: Record<string, Columns[string]> = { ...(base ?? { vis_state: 0 }) };
  for (const field of written) if (!refused.includes(field)) Object.assign(agreed, pick(field, answer));
  const here: Record<string, Columns[string]> = { ...local };
  const unsure: Field[] = [];
  for (const field of base === null ? fields : []) {
    if (!field.writable || field.name === 'vis_state' || holds(field, sent) || !holds(field, answer))
      continue;
    // A create leaves out what holds nothing: what the API fills in there is nobody's edit, and no conflict with one.
    if (same(field, local, {}) && !isEditedAgain(field, input)) {
      Object.assign(agreed, pick(field, answer));
      Object.assign(here, pick(field, answer));
    } else if (filledIn !== null && holds(field, filledIn)) Object.assign(agreed, pick(field, filledIn));
    else {
      Object.assign(agreed, pick(field, answer));
      if (!same(field, local, answer) && !same(field, answer, {})) unsure.push(field);
    }
  }
  for (const field of normalised) {
    if (same(field, local, sent)) Object.assign(here, pick(field, answer));
    // Found later than its answer was lost, a task may hold what people wrote since, not only what the API made of ours.
    else if (base === null && filledIn === null && !same(field, local, answer)) unsure.push(field);
  }

  const merged = merge({ ...input, base: agreed, local: here, remote: answer, sent: [] });
  return {
    columns: merged.columns,
    overruled: [
      ...normalised
        .filter((field) => !unsure.includes(field))
        .map((field) => takenOver(field, input, isRemade(field) ? CHANGED_BY_API : PERHAPS_WRITTEN)),
      ...unsure.map((field) => perhapsWritten(field, input)),
      ...merged.overruled,
    ],
    pending: differing(fields, merged.columns, { ...agreed, ...answer }),
    refused: refused.map((field) => field.name),
    remade: normalised
      .filter((field) => same(field, merged.columns, answer) && isRemade(field))
      .map((field) => field.name),
  };
}

/** Of a conflict that the API has decided by itself. */
export const CHANGED_BY_API = 'the API changed what it was sent';

const PERHAPS_WRITTEN =
  'the API made it so, or somebody wrote it there, before it was known that the task was made';

function takenOver(field: Field, { base, sent, answer }: SettleInput, reason: string): Overruled {
  return {
    field: field.name,
    base: fieldValue(field, base),
    local: fieldValue(field, sent),
    remote: fieldValue(field, answer),
    winner: 'remote',
    reason,
  };
}

/** An edit made while nobody knew whether the task was there does not give way to what the API may have made of it; nor is that lost. */
function perhapsWritten(field: Field, { local, answer }: SettleInput): Overruled {
  return {
    field: field.name,
    base: null,
    local: fieldValue(field, local),
    remote: fieldValue(field, answer),
    winner: 'local',
    reason: PERHAPS_WRITTEN,
  };
}
