import type { Edit } from '../ledger.js';
import { HIDDEN, type Row, toldByJournal } from '../sides.js';
import { type Check, type Facts, isFailed, isThere } from './facts.js';

/**
 * I1 and I2: each edit ever made is in place, was followed by another of the same side, was known to whoever wrote over it on the other
 * side, or stands in the journal; or its row is failed. What came over a link is nobody's edit, and excuses no loss: an edit that it took the
 * place of was journalled, or had been shown on the other side of the link, and is accounted for there. One gap that no client can close is counted apart: an edit at the API
 * between a push's read and its write.
 */
export const kept: Check = (facts) => accountFor(facts).lost;

/** Edits that fell into the gap. */
export const inTheGap = (facts: Facts): readonly string[] => accountFor(facts).gap;

function accountFor(facts: Facts): { readonly lost: readonly string[]; readonly gap: readonly string[] } {
  const lost: string[] = [];
  const gap: string[] = [];
  for (const edit of facts.ledger.edits) {
    if (edit.over || isAccountedFor(facts, edit) || isAccountedForBeyond(facts, edit)) continue;
    const row = facts.rowOf(edit.task);
    const now = row === undefined ? 'no row' : facts.told(row)[edit.field];
    const words = `the ${edit.side} edit of ${edit.task}, ${edit.field} = ${edit.value}`;
    if (edit.side === 'remote' && fellIntoTheGap(facts, edit)) gap.push(words);
    else lost.push(`${words} is lost: ${now}`);
  }
  return { lost, gap };
}

function isAccountedFor(facts: Facts, edit: Edit): boolean {
  const { ledger, rowOf, told, conflicts, api, hidesDeleted } = facts;
  const { at, side, task, field, value } = edit;
  const row = rowOf(task);
  const same = (other: { readonly task: string }) =>
    other.task === task || (row !== undefined && rowOf(other.task) === row);
  const after = ledger.edits.filter(
    (other) => other.side === side && !other.over && other.at > at && same(other),
  );
  if (after.some((other) => other.field === field)) return true;
  // Whoever deletes a task puts an end to what their side wrote before, and for good where it can only be made anew.
  const forGood = side === 'remote' && facts.source === 'invoiced';
  // Whoever deletes a task does so whether it is archived or not: where the other side of a link knows no such thing, too.
  const archived = field === 'vis_state' && value === '2' && row?.['vis_state'] === 1;
  if (
    archived &&
    ledger.edits.some((other) => other.over && other.at > at && isDeletion(other) && same(other))
  )
    return true;
  if (after.some(isDeletion) && (forGood || isGone(row, api))) return true;

  const seen = ledger.seen.filter((other) => other.field === field && other.value === value && same(other));
  // Also where it was said and not yet committed: then both had said the same, and the other side took it back.
  if (seen.some((other) => other.side !== side && other.at > (edit.saidAt ?? at))) return true;
  // Who goes back to what was there before has, to whoever did not look in between, changed nothing.
  if (seen.some((other) => other.side === side && other.at < at)) return true;

  if (row === undefined) {
    // Deleted before it was made, or made and deleted before anybody here could see it.
    if (!task.startsWith('row ')) return !isThere(api.get(task));
    return ledger.edits.some((each) => isDeletion(each) && each.task === task);
  }
  if (isFailed(row) || told(row)[field] === value) return true;
  if (hidesDeleted && side === 'remote' && api.get(task)?.['vis_state'] === '1') return true;
  // Nor is it to be seen where the API has come to show the field to nobody since.
  if (side === 'remote' && api.get(task)?.[field] === HIDDEN) return true;
  // What had reached the API is what stood there, to a row that was inserted and has the task since.
  const arrived = ledger.writes.some(
    ({ change, at: sentAt }) =>
      sentAt > at && change.task === task && change.field === field && change.after === value,
  );
  return conflicts.some(
    (entry) =>
      String(entry['row_id']) === String(row['row_id']) &&
      entry['field'] === field &&
      (toldByJournal(field, entry[side]) === value ||
        (arrived && toldByJournal(field, entry['remote']) === value) ||
        // No run has written it: it lost to what came over a link, whichever side had it.
        (!ledger.labelled && entry['run_id'] === null && toldByJournal(field, entry['remote']) === value)),
  );
}

/**
 * Whether the row at the other end of a link has shown it, and all that has become of it there is accounted for. Where that row had the
 * value by itself, both ends agreed on it: then an edit of its own takes its place, though it may be older and was heard of later. So it is
 * where people at that row's API gave its task the value too, and wrote over it after this edit. A restore that came over there, and met a
 * deletion which nobody here had heard of, stands in the journal by what else came over with it: to put that back restores the task.
 */
function isAccountedForBeyond(facts: Facts, edit: Edit): boolean {
  const { beyond } = facts;
  const row = facts.rowOf(edit.task);
  if (beyond === null || row === undefined) return false;
  return beyond.shown(String(row['row_id']), edit).some((shown) => {
    if (isAccountedFor(beyond.facts, shown) || restoreIsJournalled(beyond.facts, shown)) return true;
    const isOfTask = ({ task, field }: { readonly task: string; readonly field: string }) =>
      field === shown.field && beyond.facts.rowOf(task) === beyond.facts.rowOf(shown.task);
    const { edits, seen } = beyond.facts.ledger;
    const wroteOver = seen.filter(
      ({ side, value, at }) => side === 'remote' && value === shown.value && at > edit.at,
    );
    if (wroteOver.some(isOfTask)) return true;
    const there = edits.filter(isOfTask);
    const cameOver = there.some(({ over, value }) => over && value === shown.value);
    return !cameOver && there.some(({ over, value }) => !over && beyond.showedAfter(shown, value));
  });
}

function restoreIsJournalled({ conflicts, rowOf }: Facts, { task, field, value }: Edit): boolean {
  const row = rowOf(task);
  return (
    field === 'vis_state' &&
    value === '0' &&
    row !== undefined &&
    conflicts.some(
      (entry) =>
        String(entry['row_id']) === String(row['row_id']) &&
        entry['winner'] === 'remote' &&
        entry['reason'] === 'the task was deleted at the API',
    )
  );
}

const isDeletion = ({ field, value }: Edit): boolean => field === 'vis_state' && value === '1';

const isGone = (row: Row | undefined, api: Facts['api']): boolean =>
  row === undefined || row['vis_state'] === 1 || !api.has(String(row['id']));

/**
 * The first write of a worker that took it away came of a push that had looked at the task, and nobody had begun a look since the edit. A push
 * that had not looked, or had looked when the edit was there already, has lost it.
 */
function fellIntoTheGap({ ledger }: Facts, { at, task, field }: Edit): boolean {
  const write = ledger.writes.find(
    ({ change, ...each }) =>
      each.at > at &&
      change.task === task &&
      (change.field === field || change.after === null || isDelete(change)),
  );
  if (write === undefined || write.job === null) return false;
  const looks = ledger.reads.filter((read) => read.task === task && read.at < write.at);
  return looks.some(({ job }) => job === write.job) && looks.every(({ began, blind }) => began < at || blind);
}

const isDelete = ({ field, after }: { readonly field: string; readonly after: string | null }): boolean =>
  field === 'vis_state' && after === '1';
