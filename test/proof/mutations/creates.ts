import type { Mutation } from './mutation.js';

/** I3: one insert makes one task. */
export const creates: readonly Mutation[] = [
  {
    invariant: 'I3',
    breaks: 'what was sent before a crash is forgotten, and sent again',
    file: 'src/mirror/writes.ts',
    snippet:
      'from sync.writes where row_id = ${rowId}::bigint and settled_at is null order by sync.writes.write_id',
    replacement: 'from sync.writes where false and row_id = ${rowId}::bigint order by sync.writes.write_id',
    killedBy: 'test/sync/push.test.ts: a create whose answer is lost',
  },
  {
    invariant: 'I3',
    breaks: 'a create of unknown outcome is sent again without a look',
    file: 'src/sync/push/row.ts',
    snippet:
      'if (unknown && row.raw === null) await sender.inTurn(() => resolveUnknownCreate(sender, row, unknown));',
    replacement: 'if (unknown === null) return;',
    killedBy: 'test/sync/push.test.ts: a create whose answer is lost',
  },
  {
    invariant: 'I3',
    breaks: 'it is looked for the task while the API may still be making it',
    file: 'src/sync/push/row.ts',
    snippet: 'if (await waitsForApi(sender, row, open)) return;',
    replacement: '',
    killedBy: 'test/sync/push-guards.test.ts: nothing is asked for a row whose write may still be at work',
  },
  {
    invariant: 'I3',
    breaks: 'a late answer reopens a create that was settled meanwhile',
    file: 'src/mirror/writes.ts',
    snippet: `settled_at = case when \${end.settled} then clock_timestamp() end
    where write_id = \${writeId}::bigint and settled_at is null`,
    replacement: `settled_at = case when \${end.settled} then clock_timestamp() end
    where write_id = \${writeId}::bigint`,
    killedBy: 'test/sync/faults-found-push.test.ts: a create that another worker has settled',
  },
  {
    invariant: 'I3',
    breaks: 'a task that could be the lost one does not stop a second try',
    file: 'src/sync/push/unknown-create.ts',
    snippet: 'const none = exact.length === 0 && similar.length === 0 && unreadable.length === 0;',
    replacement: 'const none = exact.length === 0 && unreadable.length === 0;',
    killedBy: 'test/sync/push.test.ts: a task that could be the lost one',
  },
  {
    invariant: 'I3',
    breaks: "a new task that can't be read does not stop a second try",
    file: 'src/sync/push/unknown-create.ts',
    snippet: 'const none = exact.length === 0 && similar.length === 0 && unreadable.length === 0;',
    replacement: 'const none = exact.length === 0 && similar.length === 0;',
    killedBy: 'test/sync/push-races.test.ts: a new task that can not be read is not made again',
  },
  {
    invariant: 'I3',
    breaks: 'twins are told apart while one of them is still being made',
    file: 'src/sync/push/unknown-create.ts',
    snippet: 'if (afterMs > 0) {',
    replacement: 'if (twins.count < 0) {',
    killedBy: 'test/sync/push-guards.test.ts: twins are not told apart',
  },
  {
    invariant: 'I3',
    breaks: 'one task is adopted by two rows',
    file: 'src/sync/push/unknown-create.ts',
    snippet: 'if (exact.length > 0 && exact.length === twins.count) {',
    replacement: 'if (exact.length > 0) {',
    killedBy: 'test/sync/push-guards.test.ts: which of two twins was made',
  },
  {
    invariant: 'I3',
    breaks: "another row's own insert is adopted",
    file: 'src/mirror/made.ts',
    snippet: "if (own) return 'own insert';",
    replacement: '',
    killedBy: 'test/sync/push-races.test.ts: a task that is another row’s insert can not be adopted',
  },
  {
    invariant: 'I3',
    breaks: 'a page brings back a task that was made anew under another id',
    file: 'src/mirror/tasks.ts',
    snippet: 'not exists (select from sync.retired_ids r where r.connection = ${connection} and r.id = i.id)',
    replacement: 'true',
    killedBy: 'test/sync/deletions.test.ts: no page brings back a retired id',
  },
  {
    invariant: 'I3',
    breaks: 'a row is deleted while its create is being saved',
    file: 'src/mirror/writes.ts',
    snippet: `      for update skip locked
    )
    insert into sync.writes`,
    replacement: `    )
    insert into sync.writes`,
    killedBy: 'test/sync/push-races.test.ts: an inserted row that somebody holds locked',
  },
  {
    invariant: 'I3',
    breaks: 'a create without an answer is repeated at once',
    file: 'src/sources/http/repeat.ts',
    snippet: 'return error.definite && !isSpent;',
    replacement: 'return !isSpent;',
    killedBy: 'test/sources/http/http.test.ts: by a lost answer is of unknown outcome',
  },
];
