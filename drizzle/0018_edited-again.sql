ALTER TABLE "freshbooks"."tasks" ADD COLUMN "edited_again" text[];--> statement-breakpoint
ALTER TABLE "invoiced"."tasks" ADD COLUMN "edited_again" text[];--> statement-breakpoint
-- What an edit sets back to what the API last gave looks as if nobody had edited it. So it is remembered what was edited more than once.
COMMENT ON COLUMN invoiced.tasks.edited_again IS 'The columns that were changed again while an earlier edit was waiting: an edit even where it went back to what the API last gave. Null for none. Written by the worker.';
--> statement-breakpoint
COMMENT ON COLUMN freshbooks.tasks.edited_again IS 'The columns that were changed again while an earlier edit was waiting: an edit even where it went back to what the API last gave. Null for none. Written by the worker.';
--> statement-breakpoint
CREATE FUNCTION sync.capture_second_edit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
  IF OLD.sync_state = 'synced' AND OLD.vis_state <> 1 THEN
    -- Nothing was waiting: a worker of before this column has left it.
    NEW.edited_again := NULL;
    RETURN NEW;
  END IF;
  NEW.edited_again := ARRAY(
    SELECT unnest(OLD.edited_again)
    UNION
    SELECT n.key FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key)
    WHERE n.key = ANY (TG_ARGV) AND n.value <> o.value
    ORDER BY 1);
  RETURN NEW;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.capture_second_edit() IS 'Remembers which of the columns that it gets as arguments were changed while an earlier edit was waiting. An edit of a deleted task waits until that is restored, though its row is synced.';
--> statement-breakpoint
CREATE FUNCTION sync.refuse_edited_again() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
  known boolean;
BEGIN
  -- A row that is there already goes on as it is, to ON CONFLICT … DO UPDATE.
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.tasks t WHERE t.row_id = $1 OR t.connection = $2 AND t.id = $3)', TG_TABLE_SCHEMA)
  INTO known USING NEW.row_id, NEW.connection, NEW.id;
  IF NOT known THEN
    PERFORM sync.refuse_column('INSERT', TG_TABLE_SCHEMA, to_jsonb(NEW), 'edited_again');
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.refuse_edited_again() IS 'Raises the error of a local INSERT that sets edited_again.';
--> statement-breakpoint
CREATE OR REPLACE FUNCTION sync.guard_task() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
  retry constant boolean := OLD.sync_state = 'failed' AND NEW.sync_state = 'pending';
BEGIN
  PERFORM sync.refuse_column('UPDATE', TG_TABLE_SCHEMA, to_jsonb(OLD), n.key)
  FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key)
  WHERE n.value <> o.value
    AND (n.key = ANY (TG_ARGV) OR n.key IN ('row_id', 'connection', 'id', 'raw', 'sync_state', 'sync_error', 'synced_at',
      'first_seen_at', 'edited_at', 'pending_since', 'push_attempts', 'push_after', 'edited_again'))
    -- What a retry brings with it may be written out.
    AND NOT (retry AND (n.key, n.value) IN (
      ('sync_state', '"pending"'), ('sync_error', 'null'), ('push_attempts', '0'), ('push_after', 'null')));

  NEW.sync_error := NULL;
  NEW.pending_since := clock_timestamp();
  NEW.push_attempts := 0;
  NEW.push_after := NULL;
  PERFORM pg_notify('taskmirror_edits', TG_TABLE_SCHEMA);
  RETURN NEW;
END $$;
--> statement-breakpoint
-- As before; a DELETE of a row whose earlier edit is waiting is a second edit too.
CREATE OR REPLACE FUNCTION sync.capture_deletion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
  origin constant text := coalesce(current_setting('taskmirror.origin', true), '');
  -- All columns but those that a deletion sets, a user's own included.
  kept text;
  put_back bigint;
BEGIN
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO kept
  FROM pg_attribute a
  WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    AND a.attname NOT IN ('vis_state', 'sync_state', 'sync_error', 'edited_at', 'pending_since', 'push_attempts', 'push_after', 'edited_again');

  PERFORM set_config('taskmirror.origin', 'sync', true);
  EXECUTE format($sql$
    INSERT INTO %1$I.tasks (%2$s, vis_state, sync_state, sync_error, edited_at, pending_since, push_attempts, push_after, edited_again)
    OVERRIDING SYSTEM VALUE
    SELECT %2$s, 1,
      CASE WHEN vis_state = 1 THEN sync_state ELSE 'pending' END,
      CASE WHEN vis_state = 1 THEN sync_error END,
      CASE WHEN vis_state = 1 THEN edited_at ELSE $1 END,
      CASE WHEN vis_state = 1 OR sync_state = 'pending' AND pending_since IS NOT NULL THEN pending_since ELSE $1 END,
      CASE WHEN vis_state = 1 THEN push_attempts ELSE 0 END,
      CASE WHEN vis_state = 1 THEN push_after END,
      CASE WHEN vis_state = 1 THEN edited_again WHEN sync_state = 'synced' THEN NULL
        ELSE ARRAY(SELECT unnest(edited_again) UNION SELECT 'vis_state' ORDER BY 1) END
    FROM deleted
    -- What the API has never had, nor may yet get from a create under way, goes for good. Only READ COMMITTED sees
    -- for certain whether there is one: an older snapshot may miss it.
    WHERE id IS NOT NULL OR raw IS NOT NULL OR current_setting('transaction_isolation') <> 'read committed' OR EXISTS (
      SELECT FROM sync.writes w WHERE w.row_id = deleted.row_id AND w.settled_at IS NULL AND w.method = 'POST'
    )
    -- Nor does a row that is linked: what was done to it is still to be done to the other one.
    OR row_id IN (SELECT unnest(ARRAY[l.left_row_id, l.right_row_id]) FROM sync.links l WHERE l.state IN ('linked', 'failed'))$sql$, TG_TABLE_SCHEMA, kept) USING clock_timestamp();
  GET DIAGNOSTICS put_back = ROW_COUNT;
  -- Where the INSERT fails, the setting goes with it.
  PERFORM set_config('taskmirror.origin', origin, true);

  IF put_back > 0 THEN
    PERFORM pg_notify('taskmirror_edits', TG_TABLE_SCHEMA);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_1_guard BEFORE UPDATE ON invoiced.tasks FOR EACH ROW
WHEN ((current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')) AND
  ROW(OLD.row_id, OLD.connection, OLD.id, OLD.raw, OLD.sync_state, OLD.sync_error, OLD.synced_at, OLD.first_seen_at,
    OLD.edited_at, OLD.pending_since, OLD.push_attempts, OLD.push_after, OLD.edited_again,
    OLD.completed_date, OLD.chase_step_id, OLD.created_at, OLD.updated_at) IS DISTINCT FROM
  ROW(NEW.row_id, NEW.connection, NEW.id, NEW.raw, NEW.sync_state, NEW.sync_error, NEW.synced_at, NEW.first_seen_at,
    NEW.edited_at, NEW.pending_since, NEW.push_attempts, NEW.push_after, NEW.edited_again,
    NEW.completed_date, NEW.chase_step_id, NEW.created_at, NEW.updated_at))
EXECUTE FUNCTION sync.guard_task('completed_date', 'chase_step_id', 'created_at', 'updated_at');
--> statement-breakpoint
CREATE OR REPLACE TRIGGER zz_capture_1_guard BEFORE UPDATE ON freshbooks.tasks FOR EACH ROW
WHEN ((current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')) AND
  ROW(OLD.row_id, OLD.connection, OLD.id, OLD.raw, OLD.sync_state, OLD.sync_error, OLD.synced_at, OLD.first_seen_at,
    OLD.edited_at, OLD.pending_since, OLD.push_attempts, OLD.push_after, OLD.edited_again, OLD.updated_at) IS DISTINCT FROM
  ROW(NEW.row_id, NEW.connection, NEW.id, NEW.raw, NEW.sync_state, NEW.sync_error, NEW.synced_at, NEW.first_seen_at,
    NEW.edited_at, NEW.pending_since, NEW.push_attempts, NEW.push_after, NEW.edited_again, NEW.updated_at))
EXECUTE FUNCTION sync.guard_task('updated_at');
--> statement-breakpoint
CREATE TRIGGER zz_capture_3_again BEFORE UPDATE ON invoiced.tasks FOR EACH ROW
WHEN ((current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')) AND
  (OLD.sync_state <> 'synced' OR OLD.vis_state = 1 OR OLD.edited_again IS NOT NULL) AND
  ROW(OLD.name, OLD.action, OLD.customer_id, OLD.user_id, OLD.due_date, OLD.complete, OLD.completed_by_user_id, OLD.vis_state) IS DISTINCT FROM
  ROW(NEW.name, NEW.action, NEW.customer_id, NEW.user_id, NEW.due_date, NEW.complete, NEW.completed_by_user_id, NEW.vis_state))
EXECUTE FUNCTION sync.capture_second_edit('name', 'action', 'customer_id', 'user_id', 'due_date', 'complete', 'completed_by_user_id', 'vis_state');
--> statement-breakpoint
CREATE TRIGGER zz_capture_3_again BEFORE UPDATE ON freshbooks.tasks FOR EACH ROW
WHEN ((current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')) AND
  (OLD.sync_state <> 'synced' OR OLD.vis_state = 1 OR OLD.edited_again IS NOT NULL) AND
  ROW(OLD.name, OLD.description, OLD.rate_amount, OLD.rate_code, OLD.billable, OLD.tax1, OLD.tax2, OLD.vis_state) IS DISTINCT FROM
  ROW(NEW.name, NEW.description, NEW.rate_amount, NEW.rate_code, NEW.billable, NEW.tax1, NEW.tax2, NEW.vis_state))
EXECUTE FUNCTION sync.capture_second_edit('name', 'description', 'rate_amount', 'rate_code', 'billable', 'tax1', 'tax2', 'vis_state');
--> statement-breakpoint
CREATE TRIGGER zz_capture_insert_again BEFORE INSERT ON invoiced.tasks FOR EACH ROW
WHEN ((current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')) AND
  NEW.edited_again IS NOT NULL)
EXECUTE FUNCTION sync.refuse_edited_again();
--> statement-breakpoint
CREATE TRIGGER zz_capture_insert_again BEFORE INSERT ON freshbooks.tasks FOR EACH ROW
WHEN ((current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT')) AND
  NEW.edited_again IS NOT NULL)
EXECUTE FUNCTION sync.refuse_edited_again();
--> statement-breakpoint
DO $$
DECLARE
  source text;
BEGIN
  FOREACH source IN ARRAY ARRAY['invoiced', 'freshbooks'] LOOP
    EXECUTE format('COMMENT ON TRIGGER zz_capture_3_again ON %I.tasks IS ''A local change of a row whose earlier change is waiting is remembered, though it may set back what that one set.''', source);
    EXECUTE format('COMMENT ON TRIGGER zz_capture_insert_again ON %I.tasks IS ''A local INSERT can not say what was edited again.''', source);
  END LOOP;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION sync.capture_second_edit(), sync.refuse_edited_again() FROM PUBLIC;
