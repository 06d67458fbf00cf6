import type { Mutation } from './mutation.js';

const CAPTURE = 'drizzle/0002_capture.sql';
/** The triggers as they stand since then, and a function. */
const TRIGGERS = 'drizzle/0006_writers-stay-local.sql';
const AGAIN = 'drizzle/0018_edited-again.sql';
const WHOLE_CENTS = 'drizzle/0010_whole-cents.sql';
const LOCAL =
  "current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')";

/** I1 and I5, where PostgreSQL itself enforces them: each local edit is captured, and nothing of the worker's own is. */
export const capture: readonly Mutation[] = [
  {
    invariant: 'I1',
    breaks: 'a change of one column is not captured',
    file: TRIGGERS,
    snippet: `ROW(OLD.name, OLD.action, OLD.customer_id, OLD.user_id, OLD.due_date, OLD.complete, OLD.completed_by_user_id, OLD.vis_state) IS DISTINCT FROM
  ROW(NEW.name, NEW.action, NEW.customer_id, NEW.user_id, NEW.due_date, NEW.complete, NEW.completed_by_user_id, NEW.vis_state))`,
    replacement: `ROW(OLD.name, OLD.action, OLD.customer_id, OLD.user_id, OLD.complete, OLD.completed_by_user_id, OLD.vis_state) IS DISTINCT FROM
  ROW(NEW.name, NEW.action, NEW.customer_id, NEW.user_id, NEW.complete, NEW.completed_by_user_id, NEW.vis_state))`,
    killedBy: 'test/mirror/capture-fields.test.ts: a change of each writable column makes the row pending',
  },
  {
    invariant: 'I1',
    breaks: 'a captured edit does not become pending',
    file: CAPTURE,
    snippet: `  NEW.sync_state := 'pending';
  NEW.sync_error := NULL;
  NEW.push_attempts := 0;
  NEW.push_after := NULL;
  PERFORM pg_notify('taskmirror_edits', 'invoiced');`,
    replacement: `  NEW.sync_error := NULL;
  NEW.push_attempts := 0;
  NEW.push_after := NULL;
  PERFORM pg_notify('taskmirror_edits', 'invoiced');`,
    killedBy: 'test/mirror/capture-update.test.ts: makes the row pending and leaves raw',
  },
  {
    invariant: 'I1',
    breaks: 'an edit waits for the scan, since nobody is told of it',
    file: WHOLE_CENTS,
    snippet: `  PERFORM pg_notify('taskmirror_edits', 'freshbooks');
  RETURN NEW;`,
    replacement: '  RETURN NEW;',
    killedBy:
      'test/mirror/capture-clients.test.ts: both tables and another one in one transaction are told once each',
  },
  {
    invariant: 'I1',
    breaks: 'a row that a DELETE took is not sent',
    file: AGAIN,
    snippet: "CASE WHEN vis_state = 1 THEN sync_state ELSE 'pending' END,",
    replacement: 'sync_state,',
    killedBy: 'test/mirror/capture-delete.test.ts: keeps the row as deleted and pending',
  },
  {
    invariant: 'I1',
    breaks: 'a DELETE takes the row, and nothing remembers it',
    file: TRIGGERS,
    snippet: `CREATE OR REPLACE TRIGGER zz_capture_delete AFTER DELETE ON freshbooks.tasks REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT
WHEN (${LOCAL})`,
    replacement: `CREATE OR REPLACE TRIGGER zz_capture_delete AFTER DELETE ON freshbooks.tasks REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT
WHEN (false)`,
    killedBy: 'test/mirror/capture-delete.test.ts: keeps the row as deleted and pending',
  },
  {
    invariant: 'I1',
    breaks: 'a TRUNCATE empties the mirror, and nothing remembers it',
    file: TRIGGERS,
    snippet: `CREATE OR REPLACE TRIGGER zz_capture_truncate BEFORE TRUNCATE ON invoiced.tasks FOR EACH STATEMENT
WHEN (${LOCAL})`,
    replacement: `CREATE OR REPLACE TRIGGER zz_capture_truncate BEFORE TRUNCATE ON invoiced.tasks FOR EACH STATEMENT
WHEN (false)`,
    killedBy: 'test/mirror/capture-delete.test.ts: TRUNCATE is refused',
  },
  {
    invariant: 'I1',
    breaks: 'an edit that goes back to what the API last gave is forgotten',
    file: AGAIN,
    snippet: `  (OLD.sync_state <> 'synced' OR OLD.vis_state = 1 OR OLD.edited_again IS NOT NULL) AND
  ROW(OLD.name, OLD.description,`,
    replacement: `  false AND
  ROW(OLD.name, OLD.description,`,
    killedBy: 'test/mirror/capture-update.test.ts: what it changes is remembered, though it goes back',
  },
  {
    invariant: 'I1',
    breaks: 'a DELETE of a row whose earlier edit is waiting may give way unseen',
    file: AGAIN,
    snippet: "ELSE ARRAY(SELECT unnest(edited_again) UNION SELECT 'vis_state' ORDER BY 1) END",
    replacement: 'ELSE edited_again END',
    killedBy: 'test/mirror/capture-delete.test.ts: is remembered as a second edit',
  },
  {
    invariant: 'I1',
    breaks: 'a local writer changes the base that edits are compared with',
    file: AGAIN,
    snippet: "AND (n.key = ANY (TG_ARGV) OR n.key IN ('row_id', 'connection', 'id', 'raw', 'sync_state',",
    replacement: "AND (n.key = ANY (TG_ARGV) OR n.key IN ('row_id', 'connection', 'id', 'sync_state',",
    killedBy: 'test/mirror/capture-fields.test.ts: a change of any other column is refused by its name',
  },
  {
    invariant: 'I1',
    breaks: "a local writer who takes on the worker's origin writes past the capture",
    file: TRIGGERS,
    snippet: `WHEN ((${LOCAL}) AND
  ROW(OLD.name, OLD.description,`,
    replacement: `WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' AND
  ROW(OLD.name, OLD.description,`,
    killedBy: 'test/mirror/roles.test.ts: who takes on the origin of the worker stays a local one',
  },
  {
    invariant: 'I3',
    breaks: 'a row whose create is under way is really deleted, and its task has no row',
    file: AGAIN,
    snippet: "w.row_id = deleted.row_id AND w.settled_at IS NULL AND w.method = 'POST'",
    replacement: 'false AND w.row_id = deleted.row_id',
    killedBy: 'test/mirror/capture-delete.test.ts: waits for a create that is being saved',
  },
  {
    invariant: 'I5',
    breaks: "the worker's own writes are captured, and go back to the API",
    file: TRIGGERS,
    snippet: `WHEN ((${LOCAL}) AND
  ROW(OLD.name, OLD.action,`,
    replacement: `WHEN (
  ROW(OLD.name, OLD.action,`,
    killedBy: 'test/mirror/capture-update.test.ts: by the worker is left as the worker wrote it',
  },
];
