import type { Columns, Field, Scalar } from '../fields.js';
import { merge, newerSide, type Overruled } from '../merge/merge.js';
import type { CarriedOver, Carry } from '../mirror/carry-links.js';
import type { DueLink, Sharing } from '../mirror/due-links.js';
import type { LinkedRow } from '../mirror/linked-rows.js';

/**
 * What brings both rows of a link together, by the same merge as between the mirror and an API: Invoiced's row is its local side,
 * FreshBooks's its remote one, and what both last agreed on the base. A task that is gone from its API for good can't be had back, so
 * that its deletion wins under every policy. `unlink` where a deletion ends the link; `wait` where both are deleted, and what was edited of them
 * since can be compared only when one is restored.
 */
export function mergeSides(link: DueLink, left: LinkedRow, right: LinkedRow): Carry | 'unlink' | 'wait' {
  const { sharing } = link;
  const { complete } = sharing;
  const agreed = agreedBy(link);
  const here = agreedOr(agreed, link.leftSeen, left.columns, sharedLeft(left.columns));
  const there = agreedOr(agreed, link.rightSeen, right.columns, sharedRight(right.columns, agreed, sharing));
  const leftBack = restoredBase(agreed, there, here, link.leftSeen, left.columns);
  const rightBack = leftBack ? null : restoredBase(agreed, here, there, link.rightSeen, right.columns);
  const base = leftBack ?? rightBack ?? agreed;
  const deleted =
    base['vis_state'] !== DELETED && (here['vis_state'] === DELETED || there['vis_state'] === DELETED);
  if (deleted && sharing.onDelete === 'unlink') return 'unlink';
  // Deleted as done while the rule still had it so: that is nobody's deletion, and to be done brings it back no more.
  const deletedAsDone = there['vis_state'] === ACTIVE && right.columns['vis_state'] === DELETED;
  if (deletedAsDone && sharing.complete === null) return 'unlink';

  const merged = merge({
    fields: fieldsOf(sharing, left.gone),
    base,
    local: here,
    remote: there,
    sent: [],
    policy: POLICY[sharing.winner],
    newer: newerSide(right.changedAt, left.changedAt, 0),
  });
  const gone = merged.columns['vis_state'] === DELETED;
  const setLeft = changesLeft(merged.columns, here, left, gone);
  const setRight = changesRight(merged.columns, there, right, gone, sharing);
  const still = gone && agreed['vis_state'] === DELETED;
  const hidden = setRight?.['vis_state'] === DELETED ? archived(link, right) : [];
  if (still && setLeft === null && setRight === null) return 'wait';
  return {
    link,
    left: setLeft,
    right: setRight,
    // Deleted on both sides they agree on nothing else: see `restoredBase`.
    base: gone ? { vis_state: DELETED } : { ...merged.columns, ...(complete !== null && { complete }) },
    journal: (still
      ? []
      : [...merged.overruled, ...(gone || hidden.length > 0 ? [] : unagreed(link, here, there)), ...hidden]
    )
      .concat(sharing.name && base !== agreed ? renamed(here, there, leftBack ? 'remote' : 'local') : [])
      .map((entry) => journalled(entry, { left, right }, sharing, gone)),
  };
}

/** What both agreed on before. What done was, another way of sharing it can't tell: then it is compared anew. */
function agreedBy({ base, sharing }: DueLink): Columns {
  if (base === null) return { vis_state: ACTIVE };
  if ((base['complete'] ?? null) === sharing.complete) return base;
  const { done, ...others } = base;
  return others;
}

/** The name of a task that comes back with the other: it may have been written while it was deleted, or just before. */
function renamed(here: Columns, there: Columns, winner: Overruled['winner']): readonly Overruled[] {
  const [local = null, remote = null] = [here['name'], there['name']];
  return local === remote ? [] : [{ field: 'name', base: null, local, remote, winner, reason: '' }];
}

/** What is done on one side is done on both, where it was never agreed on. Somebody may have reopened the other one since. */
function unagreed(link: DueLink, here: Columns, there: Columns): readonly Overruled[] {
  if (link.sharing.complete === null || 'done' in agreedBy(link)) return [];
  const [local, remote] = [here['done'] === true, there['done'] === true];
  const winner = local ? 'local' : 'remote';
  return local === remote ? [] : [{ field: 'done', base: null, local, remote, winner, reason: '' }];
}

/**
 * Where archiving means nothing on the other side, it is an edit all the same, and so is to take it back, that gives way to a deletion which came
 * meanwhile, or before it had reached the API, since the other task was deleted or is done: should that then give way there, the task would be as
 * it was before both.
 */
function archived(
  { sharing, rightSeen }: DueLink,
  { columns, stateAtApi, editedAgain }: LinkedRow,
): readonly Overruled[] {
  const seen = rightSeen?.['vis_state'] ?? ACTIVE;
  const shown = columns['vis_state'] ?? ACTIVE;
  const base = shown === seen ? Number(stateAtApi ?? ACTIVE) : seen;
  const edited = base !== shown || editedAgain.includes('vis_state');
  const isArchiving = shown === ARCHIVED || (base === ARCHIVED && shown === ACTIVE);
  if (sharing.complete === 'archived' || !edited || !isArchiving) return [];
  return [{ field: 'vis_state', base, local: DELETED, remote: shown, winner: 'local', reason: '' }];
}

const ACTIVE = 0;
const DELETED = 1;
const ARCHIVED = 2;
const POLICY = { invoiced: 'local', freshbooks: 'remote', newest: 'newest' } as const;

function fieldsOf({ name, complete }: Sharing, gone: boolean): readonly Field[] {
  return [
    ...(name ? [virtual('name', 'text', null)] : []),
    ...(complete === null ? [] : [virtual('done', 'boolean', false)]),
    { ...virtual('vis_state', 'integer', ACTIVE), ...(gone && { policy: 'local' as const }) },
  ];
}

function virtual(name: string, type: 'text' | 'boolean' | 'integer', absent: Scalar): Field {
  const columns = [{ name, type, absent }];
  return { name, columns, writable: true, keys: [], decode: () => undefined, encode: () => ({}) };
}

function sharedLeft({ name = null, complete = false, vis_state = ACTIVE }: Columns): Columns {
  return { name, done: complete === true, vis_state };
}

/** Where done is deleted, a deletion in FreshBooks means that, and no other is known there. */
function sharedRight(
  { name = null, vis_state = ACTIVE }: Columns,
  base: Columns,
  { complete }: Sharing,
): Columns {
  const deleted = vis_state === DELETED;
  if (complete === 'deleted' && base['vis_state'] !== DELETED)
    return { name, done: deleted, vis_state: ACTIVE };
  return { name, done: vis_state === ARCHIVED, vis_state: deleted ? DELETED : ACTIVE };
}

/** What a row shows that it showed when both agreed is what they agreed on, though its API may have made something else of it. */
function agreedOr(base: Columns, seen: Columns | null, shown: Columns, shared: Columns): Columns {
  if (seen === null) return shared;
  const same = (column: string) => (seen[column] ?? null) === (shown[column] ?? null);
  const agreed: Record<string, Scalar> = { ...shared };
  if ('name' in base && same('name')) agreed['name'] = base['name'] ?? null;
  if ('done' in base && same('complete') && same('vis_state')) agreed['done'] = base['done'] ?? false;
  if (same('vis_state')) agreed['vis_state'] = base['vis_state'] ?? ACTIVE;
  return agreed;
}

/**
 * Deleted on both sides, two tasks may hold different values. One that is restored alone brings the other back as it is itself: by a base of what
 * that one holds. Null where that was edited since, or both were restored: then all that they hold is compared.
 */
function restoredBase(
  agreed: Columns,
  restored: Columns,
  deleted: Columns,
  seen: Columns | null,
  shown: Columns,
): Columns | null {
  if (agreed['vis_state'] !== DELETED || seen === null) return null;
  if (restored['vis_state'] === DELETED || deleted['vis_state'] !== DELETED) return null;
  const untouched = Object.entries(shown).every(([column, value]) => (seen[column] ?? null) === value);
  return untouched ? deleted : null;
}

function changesLeft(merged: Columns, here: Columns, left: LinkedRow, gone: boolean): Columns | null {
  const set: Record<string, Scalar> = {};
  if (!gone && differs(merged, here, 'name')) set['name'] = merged['name'] ?? null;
  if (!gone && differs(merged, here, 'done')) set['complete'] = merged['done'] === true;
  const wanted = gone ? DELETED : ACTIVE;
  if (left.columns['vis_state'] !== wanted) set['vis_state'] = wanted;
  return Object.keys(set).length > 0 ? set : null;
}

function changesRight(
  merged: Columns,
  there: Columns,
  right: LinkedRow,
  gone: boolean,
  { complete }: Sharing,
): Columns | null {
  const set: Record<string, Scalar> = {};
  if (!gone && differs(merged, there, 'name')) set['name'] = merged['name'] ?? null;
  const shown = right.columns['vis_state'] ?? ACTIVE;
  const done = complete === 'deleted' ? DELETED : ARCHIVED;
  const undone = shown === DELETED || (complete === 'archived' && shown === ARCHIVED) ? ACTIVE : shown;
  const wanted = gone ? DELETED : complete !== null && merged['done'] === true ? done : undone;
  if (wanted !== shown) set['vis_state'] = wanted;
  return Object.keys(set).length > 0 ? set : null;
}

const differs = (merged: Columns, side: Columns, field: string): boolean =>
  field in merged && merged[field] !== side[field];

/** In the loser's own terms, so that it can be put back there. */
function journalled(
  { field, base, local, remote, winner }: Overruled,
  { left, right }: { readonly left: LinkedRow; readonly right: LinkedRow },
  { complete }: Sharing,
  gone: boolean,
): CarriedOver {
  const [loser, lost, won] = winner === 'local' ? [right, remote, local] : [left, local, remote];
  const done = complete === 'deleted' ? DELETED : ARCHIVED;
  const undone = done === DELETED && right.columns['vis_state'] === ARCHIVED ? ARCHIVED : ACTIVE;
  const isDone = field === 'done';
  const inRight = (value: unknown) => (isDone ? (value === true ? done : undone) : value);
  const told = loser === right ? inRight : (value: unknown) => value;
  return {
    connection: loser.connection,
    rowId: loser.rowId,
    field: !isDone ? field : loser === right ? 'vis_state' : 'complete',
    base: told(base),
    local: told(won),
    remote: told(lost),
    reason: gone
      ? 'the task that it is linked to was deleted'
      : 'the task that it is linked to was changed too',
  };
}
