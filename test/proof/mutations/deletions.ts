import type { Mutation } from './mutation.js';

/** I7: nothing is deleted on absence alone, and many at once wait. */
export const deletions: readonly Mutation[] = [
  {
    invariant: 'I7',
    breaks: 'there is no brake on deletions',
    file: 'src/sync/deletions.ts',
    snippet: 'total > ALWAYS_ALLOWED && total > limit * active;',
    replacement: 'total > limit * active && total < 0;',
    killedBy: 'test/sync/deletions.test.ts: empty lists delete nothing',
  },
  {
    invariant: 'I7',
    breaks: 'absence counts as proof',
    file: 'src/sync/deletions.ts',
    snippet: 'const { answer, requestedAt, answeredAt } = seen;',
    replacement:
      "const { requestedAt, answeredAt } = seen;\n    const answer = 'gone' as typeof seen.answer;",
    killedBy: 'test/sync/deletions.test.ts: a task that a page skips costs one GET and nothing else',
  },
  {
    invariant: 'I7',
    breaks: 'a 404 counts though the account answers for nothing',
    file: 'src/sources/single.ts',
    snippet: "(refusal.kind === 'not-found' && (await answersForAnother(id, reader)));",
    replacement: "refusal.kind === 'not-found';",
    killedBy: 'test/sync/deletions.test.ts: an account that answers 404 for everything',
  },
  {
    invariant: 'I7',
    breaks: 'deletions that pages tell of are applied before they are counted',
    file: 'src/sync/apply.ts',
    snippet: '{ hold: true, plans }',
    replacement: '{ hold: false, plans }',
    killedBy: 'test/sync/deletions.test.ts: many deletions at once stop a poll',
  },
  {
    invariant: 'I7',
    breaks: 'a walk whose record was lost takes all for absent',
    file: 'src/sync/walk.ts',
    snippet: 'if (!(await walkIsWhole(context.db, walk))) {',
    replacement: 'if (walk === null) {',
    killedBy: 'test/sync/walks.test.ts: a record lost between two slices fails that run',
  },
  {
    invariant: 'I7',
    breaks: "tasks that can't be read count as absent",
    file: 'src/sync/walk.ts',
    snippet: 'const id = decoded.ok ? decoded.task.id : Number(decoded.id ?? Number.NaN);',
    replacement: 'const id = decoded.ok ? decoded.task.id : Number.NaN;',
    killedBy: 'test/sync/hostile.test.ts: a task that cannot be mirrored stops only itself',
  },
  {
    invariant: 'I7',
    breaks: 'many deletes made here go straight out',
    file: 'src/sync/push/push.ts',
    snippet: 'if (!isHeldUp(deletes, active, context.deleteLimit)) return null;',
    replacement: 'if (active >= 0) return null;',
    killedBy: 'test/sync/push.test.ts: too many deletes at once wait for a person',
  },
  {
    invariant: 'I7',
    breaks: 'deletes made during a push are not judged',
    file: 'src/sync/push/push.ts',
    snippet: 'if (!judged && found.some(isDelete)) brake = await judgeDeletes(context, source, connection);',
    replacement:
      'if (queue.length < 0 && found.some(isDelete)) brake = await judgeDeletes(context, source, connection);',
    killedBy: 'test/sync/faults-found-push.test.ts: deletes that are made while a push is under way',
  },
  {
    invariant: 'I7',
    breaks: 'a row that is deleted after it was taken up deletes its task unjudged',
    file: 'src/sync/push/row.ts',
    snippet: "if (call !== null && after.columns['vis_state'] === 1 && !mayDelete) {",
    replacement: "if (call === null && after.columns['vis_state'] === 7 && !mayDelete) {",
    also: { snippet: 'if (row?.editedAt !== edited) return;', replacement: 'if (row === null) return;' },
    killedBy: 'test/sync/faults-found-push.test.ts: edits that a push has taken up delete nothing',
  },
  {
    invariant: 'I7',
    breaks: 'one approval lets all later deletes pass',
    file: 'src/mirror/pending.ts',
    snippet: 'c.deletes_approved_at >= t.edited_at',
    replacement: 'c.deletes_approved_at is not null',
    killedBy: 'test/sync/faults-found-push.test.ts: an approval lets no deletes pass that are made after it',
  },
];
