import type { Mutation } from './mutation.js';

/** I4 to I6: both sides come to be equal, are left alone then, and the cursor passes nothing. */
export const rest: readonly Mutation[] = [
  {
    invariant: 'I4',
    breaks: 'a key that an answer leaves out blanks its column',
    file: 'src/sync/reconcile.ts',
    snippet: 'return keepMissing(fields, row.raw, task.raw);',
    replacement: 'return task.raw;',
    killedBy: 'test/sync/edits.test.ts: keys that an answer leaves out blank no column',
  },
  {
    invariant: 'I4',
    breaks: 'tasks that were deleted at FreshBooks stay',
    file: 'src/sources/freshbooks/client.ts',
    snippet: "yield* scan(start, { ...query, 'search[vis_state]': 1 }, signal);",
    replacement: '',
    killedBy: 'test/sync/deletions.test.ts: a task deleted at the API is deleted by the next poll',
  },
  {
    invariant: 'I4',
    breaks: "Invoiced's silent deletions stay unseen",
    file: 'src/sync/walk.ts',
    snippet: 'next: absentIn(context, source, walk),',
    replacement: 'next: async () => [],',
    killedBy: "test/sync/deletions.test.ts: Invoiced's silent deletions come with the sweep",
  },
  {
    invariant: 'I4',
    breaks: 'a pull of before a write settles its row, and how the write ended is never looked up',
    file: 'src/mirror/writes.ts',
    snippet: `update \${tableName(table)} t set pending_since = t.pending_since
      where t.row_id in (
        select row_id from \${tableName(table)}
        where row_id = \${write.rowId}::bigint and (\${version}::text is null or xmin::text = \${version}) and \${held}
        for update skip locked)
      returning t.row_id, t.pending_since`,
    replacement: `select row_id, pending_since from \${tableName(table)}
      where row_id = \${write.rowId}::bigint and (\${version}::text is null or xmin::text = \${version}) and \${held}
      for update skip locked`,
    killedBy: 'test/sync/push-races.test.ts: a pull that looked at a row before a write of it was saved',
  },
  {
    invariant: 'I4',
    breaks: 'a row counts as synced after the first of two calls',
    file: 'src/sync/push/send.ts',
    snippet: `syncState:
            settled.pending.length + editedAgain.length > 0 || others
              ? ('pending' as const)
              : ('synced' as const),`,
    replacement: "syncState: 'synced' as const,",
    killedBy: 'test/sync/push.test.ts: an archive with an edit is two calls',
  },
  {
    invariant: 'I5',
    breaks: 'a poll writes what it merged to no effect',
    file: 'src/sync/reconcile.ts',
    snippet: 'if (unchanged) return null;',
    replacement: '',
    killedBy: 'test/sync/edits.test.ts: keys that an answer leaves out blank no column',
  },
  {
    invariant: 'I5',
    breaks: 'a push at rest begins runs and asks',
    file: 'src/sync/push/push.ts',
    snippet: "if (due === null) return { state: 'skipped', reason: 'nothing is pending' };",
    replacement: '',
    killedBy: 'test/sync/push-guards.test.ts: a push at rest leaves no run',
  },
  {
    invariant: 'I5',
    breaks: 'each poll writes the same report again',
    file: 'src/mirror/unreadable.ts',
    snippet: 'where u.reason <> excluded.reason',
    replacement: '',
    killedBy: 'test/sync/hostile.test.ts: a report that stays costs no write',
  },
  {
    invariant: 'I5',
    breaks: "the worker's transactions do not say that they are its own",
    file: 'src/mirror/leases.ts',
    snippet: "select set_config('taskmirror.origin', 'sync', true), ",
    replacement: 'select ',
    killedBy: "test/mirror/runs.test.ts: bears the worker's origin in its own transactions only",
  },
  {
    invariant: 'I5',
    breaks: 'an edit that was taken back is sent',
    file: 'src/sync/push/row.ts',
    snippet: 'pending.length === 0 ? null : client',
    replacement: "pending.length === 0 ? client.writer.next(id, after.columns, ['name']) : client",
    killedBy: 'test/sync/push.test.ts: an edit that was taken back is not sent',
  },
  {
    invariant: 'I6',
    breaks: 'the cursor passes a row that somebody held locked',
    file: 'src/sync/poll.ts',
    snippet: 'const whole = deletions.stopped === null && left === 0;',
    replacement: 'const whole = deletions.stopped === null;',
    killedBy: "test/sync/cursor.test.ts: a row in somebody's open transaction is left",
  },
  {
    invariant: 'I6',
    breaks: 'the cursor passes deletions that wait for a person',
    file: 'src/sync/poll.ts',
    snippet: 'const whole = deletions.stopped === null && left === 0;',
    replacement: 'const whole = left === 0;',
    killedBy: 'test/sync/deletions.test.ts: many deletions at once stop a poll, the cursor waits',
  },
  {
    invariant: 'I6',
    breaks: 'a resync from later than the cursor sets it',
    file: 'src/sync/poll.ts',
    snippet: 'const covers = whole && from <= cursor / 1e6;',
    replacement: 'const covers = whole;',
    killedBy: 'test/sync/cursor.test.ts: a resync from later than the cursor leaves it',
  },
  {
    invariant: 'I6',
    breaks: 'what becomes visible late is missed',
    file: 'src/sync/poll.ts',
    snippet: 'const since = Math.floor(from) - source.overlap;',
    replacement: 'const since = Math.floor(from);',
    killedBy: 'test/sync/cursor.test.ts: a change that becomes visible long after its time stamp',
  },
  {
    invariant: 'I6',
    breaks: "the cursor is set by our clock where the API's is behind",
    file: 'src/sync/poll.ts',
    snippet: 'return serverTime === null ? startedAt : Math.min(startedAt, serverTime * 1000);',
    replacement: 'return startedAt;',
    killedBy: 'test/sync/cursor.test.ts: an API whose clock is days',
  },
  {
    invariant: 'I6',
    breaks: 'a window of several pages is read once only',
    file: 'src/sync/poll.ts',
    snippet: 'const again = covers && counts.pages > source.listings && connection.walkedAgain;',
    replacement: 'const again = false;',
    killedBy: 'test/sync/cursor.test.ts: what a page lost while several were read',
  },
  {
    invariant: 'I6',
    breaks: "a first read sets the cursor ahead of the API's clock",
    file: 'src/sync/walk.ts',
    snippet: "cursor: walk.kind === 'read' ? walk.startedAt + behind : null,",
    replacement: "cursor: walk.kind === 'read' ? walk.startedAt : null,",
    killedBy: 'test/sync/cursor.test.ts: an API whose clock is days',
  },
];
