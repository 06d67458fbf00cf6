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
    file: 'src/sync/push/judge-create.ts',
    snippet: "if (left.length === 0) return { is: 'absent' };",
    replacement: "if (left.length >= 0) return { is: 'absent' };",
    killedBy: 'test/sync/unknown-creates.test.ts: a task that people have changed altogether',
  },
  {
    invariant: 'I3',
    breaks: "what another row's create sent is not told apart",
    file: 'src/sync/push/judge-create.ts',
    snippet: 'return !others.explained;',
    replacement: 'return true;',
    killedBy: 'test/sync/unknown-creates.test.ts: an outage in the middle of many inserts',
  },
  {
    invariant: 'I3',
    breaks: 'more tasks than another create can have made count as its work',
    file: 'src/sync/push/pair-off.ts',
    snippet: 'const explained = group !== undefined && group.partners.size === group.tasks.size;',
    replacement: 'const explained = group !== undefined;',
    killedBy: 'test/sync/judge-create.test.ts: may be the maker of one of more tasks',
  },
  {
    invariant: 'I3',
    breaks: 'twins are told apart while one of them is still being made',
    file: 'src/sync/push/pair-off.ts',
    snippet: 'early: group.makers.some(({ finished }) => !finished),',
    replacement: 'early: false,',
    killedBy: 'test/sync/push-guards.test.ts: twins are not told apart',
  },
  {
    invariant: 'I3',
    breaks: 'one task is adopted by two rows',
    file: 'src/sync/push/pair-off.ts',
    snippet: "return all && task !== undefined ? { is: 'paired', task, early } : { is: 'unequal', early };",
    replacement: "return task !== undefined ? { is: 'paired', task, early } : { is: 'unequal', early };",
    killedBy: 'test/sync/push-guards.test.ts: which of two twins was made',
  },
  {
    invariant: 'I3',
    breaks: 'a list that holds less than it counts proves that a task is not there',
    file: 'src/sync/push/unknown-create.ts',
    snippet: 'if (gone && short) return waitForWholeList(sender, row, write);',
    replacement: '',
    killedBy: 'test/sync/unknown-creates.test.ts: one that a list leaves out',
  },
  {
    invariant: 'I3',
    breaks: "a new task that can't be read does not stop a second try",
    file: 'src/sync/push/look.ts',
    snippet: '    const listed = page.tasks.map((decoded) => foundOn(source, page, decoded));',
    replacement:
      '    const listed = page.tasks.filter(({ ok }) => ok).map((decoded) => foundOn(source, page, decoded));',
    killedBy: 'test/sync/push-races.test.ts: a new task that can not be read is not made again',
  },
  {
    invariant: 'I3',
    breaks: 'in the autumn a task is taken for older than it is',
    file: 'src/sync/push/look.ts',
    snippet: 'const AUTUMN_US = 3600e6;',
    replacement: 'const AUTUMN_US = 0;',
    killedBy: 'test/sync/unknown-creates.test.ts: in the hour of the autumn that comes twice',
  },
  {
    invariant: 'I3',
    breaks: 'a clock that is behind hides what came up',
    file: 'src/sync/push/look.ts',
    snippet: 'if (skew < behind - CLOCK_NEAR_S) {',
    replacement: 'if (skew > 1e9) {',
    killedBy: 'test/sync/unknown-creates.test.ts: in the hour of the autumn that comes twice',
  },
  {
    invariant: 'I3',
    breaks: 'a task that was pulled and is gone since is forgotten',
    file: 'src/sync/push/look.ts',
    snippet: 'if (!found.has(key))',
    replacement: 'if (found.size < 0)',
    killedBy:
      'test/sync/unknown-creates.test.ts: one that a poll has brought, and that is gone from Invoiced',
  },
  {
    invariant: 'I3',
    breaks: 'what a create has made that was sent during the look is not told apart',
    file: 'src/sync/push/unknown-create.ts',
    snippet: 'const undecided = await undecidedCreates(context.db, source, connection);',
    replacement: 'const undecided = waiting;',
    killedBy:
      'test/sync/unknown-creates.test.ts: nor what one has made that was sent after the look had begun',
  },
  {
    invariant: 'I3',
    breaks: 'a pulled row that was made anew hides the task that it had',
    file: 'src/mirror/newcomers.ts',
    snippet: 'and (not ${madeHere} or not ${insertedHere} and (former.id is not null or t.raw is null))',
    replacement: 'and not ${madeHere}',
    killedBy:
      'test/sync/unknown-creates.test.ts: a pulled row that is its task, deleted and made anew meanwhile',
  },
  {
    invariant: 'I3',
    breaks: "a pulled row's first id counts as its own insert's",
    file: 'src/mirror/newcomers.ts',
    snippet: 'or r.id <> ${firstId}',
    replacement: 'or true',
    killedBy:
      'test/sync/unknown-creates.test.ts: a pulled row that is its task, deleted and made anew meanwhile',
  },
  {
    invariant: 'I3',
    breaks: 'a task that only an event tells of is forgotten',
    file: 'src/sync/push/look.ts',
    snippet: 'ids.push(...some);',
    replacement: 'void some;',
    killedBy: 'test/sync/unknown-creates.test.ts: one that is gone from Invoiced before anybody saw it',
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
    snippet: 'exists (select from sync.retired_ids r where r.connection = ${connection} and r.id = i.id)',
    replacement: 'false',
    killedBy: 'test/sync/deletions.test.ts: no page brings back a retired id',
  },
  {
    invariant: 'I3',
    breaks: 'a row is deleted while its create is being saved',
    file: 'src/mirror/writes.ts',
    snippet: `update \${tableName(table)} t set pending_since = t.pending_since
      where t.row_id in (
        select row_id from \${tableName(table)}
        where row_id = \${write.rowId}::bigint and (\${version}::text is null or xmin::text = \${version}) and \${held}
        for update skip locked)
      returning t.row_id, t.pending_since`,
    replacement: `select row_id, pending_since from \${tableName(table)}
      where row_id = \${write.rowId}::bigint and (\${version}::text is null or xmin::text = \${version}) and \${held}`,
    killedBy: 'test/sync/push-races.test.ts: an insert that somebody is about to take back is not made',
  },
  {
    invariant: 'I3',
    breaks: 'a call that was held up while it was being saved is sent late, when its intent is held for lost',
    file: 'src/sources/send-write.ts',
    snippet: 'if (leftMs <= 0) throw tooLate;',
    replacement: '',
    killedBy: 'test/sources/invoiced/writer.test.ts: is not sent: whoever found the intent',
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
