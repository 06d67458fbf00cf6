-- taskmirror.origin is a setting that anybody may set. It opens the worker's door only to those who may write the worker's own
-- bookkeeping; for all others, taskmirror_writer among them, a change stays a local one, whatever they set.
CREATE OR REPLACE TRIGGER zz_capture_insert BEFORE INSERT ON invoiced.tasks FOR EACH ROW
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT'))
EXECUTE FUNCTION sync.capture_invoiced_task();
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_1_guard BEFORE UPDATE ON invoiced.tasks FOR EACH ROW
WHEN ((current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')) AND
  ROW(OLD.row_id, OLD.connection, OLD.id, OLD.raw, OLD.sync_state, OLD.sync_error, OLD.synced_at, OLD.first_seen_at,
    OLD.edited_at, OLD.pending_since, OLD.push_attempts, OLD.push_after,
    OLD.completed_date, OLD.chase_step_id, OLD.created_at, OLD.updated_at) IS DISTINCT FROM
  ROW(NEW.row_id, NEW.connection, NEW.id, NEW.raw, NEW.sync_state, NEW.sync_error, NEW.synced_at, NEW.first_seen_at,
    NEW.edited_at, NEW.pending_since, NEW.push_attempts, NEW.push_after,
    NEW.completed_date, NEW.chase_step_id, NEW.created_at, NEW.updated_at))
EXECUTE FUNCTION sync.guard_task('completed_date', 'chase_step_id', 'created_at', 'updated_at');
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_2_edit BEFORE UPDATE ON invoiced.tasks FOR EACH ROW
WHEN ((current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')) AND
  ROW(OLD.name, OLD.action, OLD.customer_id, OLD.user_id, OLD.due_date, OLD.complete, OLD.completed_by_user_id, OLD.vis_state) IS DISTINCT FROM
  ROW(NEW.name, NEW.action, NEW.customer_id, NEW.user_id, NEW.due_date, NEW.complete, NEW.completed_by_user_id, NEW.vis_state))
EXECUTE FUNCTION sync.capture_invoiced_task();
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_delete AFTER DELETE ON invoiced.tasks REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT'))
EXECUTE FUNCTION sync.capture_deletion();
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_truncate BEFORE TRUNCATE ON invoiced.tasks FOR EACH STATEMENT
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT'))
EXECUTE FUNCTION sync.refuse_truncate();
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_insert BEFORE INSERT ON freshbooks.tasks FOR EACH ROW
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT'))
EXECUTE FUNCTION sync.capture_freshbooks_task();
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_1_guard BEFORE UPDATE ON freshbooks.tasks FOR EACH ROW
WHEN ((current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')) AND
  ROW(OLD.row_id, OLD.connection, OLD.id, OLD.raw, OLD.sync_state, OLD.sync_error, OLD.synced_at, OLD.first_seen_at,
    OLD.edited_at, OLD.pending_since, OLD.push_attempts, OLD.push_after, OLD.updated_at) IS DISTINCT FROM
  ROW(NEW.row_id, NEW.connection, NEW.id, NEW.raw, NEW.sync_state, NEW.sync_error, NEW.synced_at, NEW.first_seen_at,
    NEW.edited_at, NEW.pending_since, NEW.push_attempts, NEW.push_after, NEW.updated_at))
EXECUTE FUNCTION sync.guard_task('updated_at');
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_2_edit BEFORE UPDATE ON freshbooks.tasks FOR EACH ROW
WHEN ((current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')) AND
  ROW(OLD.name, OLD.description, OLD.rate_amount, OLD.rate_code, OLD.billable, OLD.tax1, OLD.tax2, OLD.vis_state) IS DISTINCT FROM
  ROW(NEW.name, NEW.description, NEW.rate_amount, NEW.rate_code, NEW.billable, NEW.tax1, NEW.tax2, NEW.vis_state))
EXECUTE FUNCTION sync.capture_freshbooks_task();
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_delete AFTER DELETE ON freshbooks.tasks REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT'))
EXECUTE FUNCTION sync.capture_deletion();
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_truncate BEFORE TRUNCATE ON freshbooks.tasks FOR EACH STATEMENT
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT'))
EXECUTE FUNCTION sync.refuse_truncate();
