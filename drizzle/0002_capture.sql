-- Capture: whatever a local writer changes is marked as pending, and what may not be changed is refused at once.
--
-- Worker transactions bear taskmirror.origin = 'sync', which each trigger asks for in its WHEN, so that no function is
-- called for them. (After such a transaction the setting reads '', not null.) A restore of data alone takes the same
-- door: PGOPTIONS='-c taskmirror.origin=sync' pg_restore --data-only.
--
-- Triggers of one kind fire in the order of their names. These begin with zz_, so that they see what a user's own
-- triggers have made of the row; zz_capture_1 refuses before zz_capture_2 writes the very columns that it guards.
--
-- The functions act with their owner's rights: a writer needs no more than INSERT, UPDATE or DELETE on the table.

CREATE FUNCTION sync.refuse(operation text, source text, task jsonb, "column" text, why text, cure text, code text DEFAULT '23514')
RETURNS void
LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
  RAISE EXCEPTION USING
    MESSAGE = format('%s.tasks, %s: %s', source,
      CASE operation WHEN 'INSERT' THEN format('new task "%s"', left(task ->> 'name', 60)) ELSE format('row %s', task ->> 'row_id') END,
      why),
    HINT = cure, ERRCODE = code, SCHEMA = source, TABLE = 'tasks', COLUMN = "column";
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.refuse(text, text, jsonb, text, text, text, text) IS 'Raises the error of a local change that is not let through: which row or new task, why not, and as its hint what to do.';
--> statement-breakpoint
CREATE FUNCTION sync.refuse_column(operation text, source text, task jsonb, "column" text) RETURNS void
LANGUAGE plpgsql SET search_path = ''
AS $$
DECLARE
  leave constant text := 'Leave it out, or write the value it has.';
  why text;
  cure text;
BEGIN
  SELECT r.why, r.cure INTO why, cure
  FROM (VALUES
    ('row_id', 'is the row''s identity, drawn from sync.row_ids and never chosen or changed', leave),
    ('id', 'is the API''s id: the worker writes it once the API has made the task', leave),
    ('connection', 'is set on INSERT and never changed: a task can''t move to another account', 'INSERT the task under the other connection, then DELETE this row.'),
    ('raw', 'is the task as the API last gave it, with which local changes are compared: only the worker writes it', 'Change the task''s own columns, such as name, instead.'),
    ('sync_state', 'says how far the worker is: a change of the task makes it pending by itself', 'Only on a failed row set it, to pending: that sends the row again. Else leave it out.'),
    ('sync_error', 'holds the API''s own words: only the worker writes it', 'Set sync_state to pending on a failed row: that sends it again and clears sync_error.'),
    ('completed_date', 'is read-only: the API sets it when the task is completed', 'Set complete to true instead.'),
    ('chase_step_id', 'is read-only: the API sets it on tasks that a chasing step made', leave),
    ('created_at', 'is read-only: the API sets it', leave),
    ('updated_at', 'is read-only: the API sets it', leave)
  ) r ("column", why, cure)
  WHERE r."column" = refuse_column."column";
  PERFORM sync.refuse(operation, source, task, "column",
    format('%s %s', "column", coalesce(why, 'is kept by the worker')), coalesce(cure, leave), '42501');
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.refuse_column(text, text, jsonb, text) IS 'Raises the error of a change to a column that only the worker or the API writes.';
--> statement-breakpoint
CREATE FUNCTION sync.refuse_new_task(source text, task jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = ''
AS $$
DECLARE
  known text;
BEGIN
  IF task ->> 'row_id' IS NOT NULL THEN
    PERFORM sync.refuse('INSERT', source, task, 'row_id',
      format('row_id %s is no row of this table, and that of a new task is never chosen', task ->> 'row_id'),
      'Leave row_id out; RETURNING row_id gives the one that was drawn.', '42501');
  ELSIF task ->> 'id' IS NOT NULL THEN
    PERFORM sync.refuse('INSERT', source, task, 'id',
      format('the mirror has no task with id %s, and a new task gets its id from the API', task ->> 'id'),
      'Leave id out: the worker fills it in once the API has made the task. A task that the API has already comes by itself.', '42501');
  END IF;

  SELECT string_agg(c.name, ', ' ORDER BY c.name) INTO known FROM sync.connections c WHERE c.source = refuse_new_task.source;
  IF NOT EXISTS (
    SELECT FROM sync.connections c WHERE c.name = task ->> 'connection' AND c.source = refuse_new_task.source
  ) THEN
    PERFORM sync.refuse('INSERT', source, task, 'connection',
      format('there is no connection "%s" for %s', task ->> 'connection', source),
      coalesce('Use one of: ' || known || '.',
        format('No account of %s has been set up: configure one and start the worker once.', source)), '23503');
  END IF;

  PERFORM sync.refuse_column('INSERT', source, task, e.key)
  FROM jsonb_each(task) e
  WHERE e.key IN ('raw', 'sync_error', 'synced_at', 'first_seen_at', 'edited_at', 'pending_since', 'push_after',
      'completed_date', 'chase_step_id', 'created_at', 'updated_at') AND e.value <> 'null'
    OR e.key = 'sync_state' AND e.value = '"failed"'
    OR e.key = 'push_attempts' AND e.value <> '0'
  ORDER BY e.key;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.refuse_new_task(text, jsonb) IS 'Raises the error of a local INSERT that sets what it may not. Called only where there is one.';
--> statement-breakpoint
CREATE FUNCTION sync.guard_task() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
  retry constant boolean := OLD.sync_state = 'failed' AND NEW.sync_state = 'pending';
BEGIN
  PERFORM sync.refuse_column('UPDATE', TG_TABLE_SCHEMA, to_jsonb(OLD), n.key)
  FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key)
  WHERE n.value <> o.value
    AND (n.key = ANY (TG_ARGV) OR n.key IN ('row_id', 'connection', 'id', 'raw', 'sync_state', 'sync_error', 'synced_at',
      'first_seen_at', 'edited_at', 'pending_since', 'push_attempts', 'push_after'))
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
COMMENT ON FUNCTION sync.guard_task() IS 'Refuses a local change of a column that only the worker writes, or only the API (those it gets as arguments). The one exception: sync_state from failed to pending sends the row again.';
--> statement-breakpoint
CREATE FUNCTION sync.capture_invoiced_task() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
  inserting constant boolean := TG_OP = 'INSERT';
BEGIN
  IF inserting THEN
    NEW.connection := coalesce(NEW.connection, 'invoiced');
    -- A row that is there already goes on as it is, to ON CONFLICT … DO UPDATE or to the unique violation.
    IF (NEW.row_id IS NOT NULL OR NEW.id IS NOT NULL) AND EXISTS (
      SELECT FROM invoiced.tasks t WHERE t.row_id = NEW.row_id OR t.connection = NEW.connection AND t.id = NEW.id
    ) THEN
      NEW.row_id := coalesce(NEW.row_id, nextval('sync.row_ids'));
      RETURN NEW;
    END IF;
    IF num_nonnulls(NEW.row_id, NEW.id, NEW.raw, NEW.sync_error, NEW.synced_at, NEW.first_seen_at, NEW.edited_at,
        NEW.pending_since, NEW.push_after, NEW.completed_date, NEW.chase_step_id, NEW.created_at, NEW.updated_at) > 0
      OR NEW.sync_state = 'failed' OR NEW.push_attempts <> 0
      OR NOT EXISTS (SELECT FROM sync.connections c WHERE c.name = NEW.connection AND c.source = 'invoiced')
    THEN
      PERFORM sync.refuse_new_task('invoiced', to_jsonb(NEW));
    END IF;
    IF NEW.vis_state = 1 THEN
      PERFORM sync.refuse(TG_OP, 'invoiced', to_jsonb(NEW), 'vis_state', 'a new task can''t be deleted already', 'Leave vis_state out.');
    END IF;
    NEW.row_id := nextval('sync.row_ids');
    NEW.vis_state := coalesce(NEW.vis_state, 0);
    NEW.complete := coalesce(NEW.complete, false);
  END IF;

  IF (inserting OR NEW.name IS DISTINCT FROM OLD.name) AND (NEW.name IS NULL OR NEW.name !~ '\S') THEN
    PERFORM sync.refuse(TG_OP, 'invoiced', to_jsonb(NEW), 'name', 'a task needs a name', 'Write a name that is not empty.');
  END IF;
  IF NEW.action IS DISTINCT FROM OLD.action AND (NEW.action IS NULL OR NEW.action NOT IN ('phone', 'letter', 'email', 'review')) THEN
    PERFORM sync.refuse(TG_OP, 'invoiced', to_jsonb(NEW), 'action', format('action can''t be %s', coalesce(quote_literal(NEW.action), 'null')),
      'Write phone, letter, email or review.');
  END IF;
  IF NEW.complete IS DISTINCT FROM OLD.complete AND NEW.complete IS NULL THEN
    PERFORM sync.refuse(TG_OP, 'invoiced', to_jsonb(NEW), 'complete', 'complete can''t be null', 'Write true, or false to reopen the task.');
  END IF;
  IF NEW.vis_state IS DISTINCT FROM OLD.vis_state AND (NEW.vis_state IS NULL OR NEW.vis_state NOT IN (0, 1)) THEN
    PERFORM sync.refuse(TG_OP, 'invoiced', to_jsonb(NEW), 'vis_state', format('vis_state can''t be %s at Invoiced', coalesce(NEW.vis_state::text, 'null')),
      'Write 1 to delete the task, or 0 to make it anew.');
  END IF;

  NEW.edited_at := clock_timestamp();
  -- A row that was not waiting begins to wait now, a failed one too.
  NEW.pending_since := CASE WHEN OLD.sync_state = 'pending' THEN coalesce(OLD.pending_since, NEW.edited_at) ELSE NEW.edited_at END;
  NEW.sync_state := 'pending';
  NEW.sync_error := NULL;
  NEW.push_attempts := 0;
  NEW.push_after := NULL;
  PERFORM pg_notify('taskmirror_edits', 'invoiced');
  RETURN NEW;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.capture_invoiced_task() IS 'Marks a local INSERT or edit as pending and wakes the worker (once for each transaction), after a look at the values that are new: what the API sent may be anything.';
--> statement-breakpoint
CREATE FUNCTION sync.capture_freshbooks_task() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
  inserting constant boolean := TG_OP = 'INSERT';
BEGIN
  IF inserting THEN
    NEW.connection := coalesce(NEW.connection, 'freshbooks');
    -- A row that is there already goes on as it is, to ON CONFLICT … DO UPDATE or to the unique violation.
    IF (NEW.row_id IS NOT NULL OR NEW.id IS NOT NULL) AND EXISTS (
      SELECT FROM freshbooks.tasks t WHERE t.row_id = NEW.row_id OR t.connection = NEW.connection AND t.id = NEW.id
    ) THEN
      NEW.row_id := coalesce(NEW.row_id, nextval('sync.row_ids'));
      RETURN NEW;
    END IF;
    IF num_nonnulls(NEW.row_id, NEW.id, NEW.raw, NEW.sync_error, NEW.synced_at, NEW.first_seen_at, NEW.edited_at,
        NEW.pending_since, NEW.push_after, NEW.updated_at) > 0
      OR NEW.sync_state = 'failed' OR NEW.push_attempts <> 0
      OR NOT EXISTS (SELECT FROM sync.connections c WHERE c.name = NEW.connection AND c.source = 'freshbooks')
    THEN
      PERFORM sync.refuse_new_task('freshbooks', to_jsonb(NEW));
    END IF;
    IF NEW.vis_state = 1 THEN
      PERFORM sync.refuse(TG_OP, 'freshbooks', to_jsonb(NEW), 'vis_state', 'a new task can''t be deleted already', 'Leave vis_state out.');
    END IF;
    NEW.row_id := nextval('sync.row_ids');
    NEW.vis_state := coalesce(NEW.vis_state, 0);
    NEW.billable := coalesce(NEW.billable, true);
  END IF;

  -- Null becomes what the API shows for nothing. Where that was there already, nothing was changed.
  IF NEW.description IS NULL OR NEW.tax1 IS NULL OR NEW.tax2 IS NULL THEN
    NEW.description := coalesce(NEW.description, '');
    NEW.tax1 := coalesce(NEW.tax1, 0);
    NEW.tax2 := coalesce(NEW.tax2, 0);
    IF NOT inserting AND NOT (
      ROW(NEW.name, NEW.description, NEW.rate_amount, NEW.rate_code, NEW.billable, NEW.tax1, NEW.tax2, NEW.vis_state) IS DISTINCT FROM
      ROW(OLD.name, OLD.description, OLD.rate_amount, OLD.rate_code, OLD.billable, OLD.tax1, OLD.tax2, OLD.vis_state)
    ) THEN
      RETURN NEW;
    END IF;
  END IF;

  IF (inserting OR NEW.name IS DISTINCT FROM OLD.name) AND (NEW.name IS NULL OR NEW.name !~ '\S') THEN
    PERFORM sync.refuse(TG_OP, 'freshbooks', to_jsonb(NEW), 'name', 'a task needs a name', 'Write a name that is not empty.');
  END IF;
  IF NEW.rate_amount IS DISTINCT FROM OLD.rate_amount OR NEW.rate_code IS DISTINCT FROM OLD.rate_code THEN
    IF NEW.rate_amount IS NULL AND OLD.rate_amount IS NOT NULL THEN
      PERFORM sync.refuse(TG_OP, 'freshbooks', to_jsonb(NEW), 'rate_amount', 'a rate can''t be taken away', 'Write rate_amount 0 instead of null.');
    ELSIF NEW.rate_amount IS NULL THEN
      PERFORM sync.refuse(TG_OP, 'freshbooks', to_jsonb(NEW), 'rate_amount', 'rate_code says nothing without a rate_amount', 'Write rate_amount too, or leave rate_code out.');
    ELSIF NEW.rate_code IS NULL OR NEW.rate_code IS DISTINCT FROM OLD.rate_code AND NEW.rate_code !~ '^[A-Z]{3}$' THEN
      PERFORM sync.refuse(TG_OP, 'freshbooks', to_jsonb(NEW), 'rate_code', format('rate_code can''t be %s beside a rate_amount', coalesce(quote_literal(NEW.rate_code), 'null')),
        'Write the currency as three capital letters, such as USD.');
    END IF;
  END IF;
  IF NEW.billable IS DISTINCT FROM OLD.billable AND NEW.billable IS NULL THEN
    PERFORM sync.refuse(TG_OP, 'freshbooks', to_jsonb(NEW), 'billable', 'billable can''t be null', 'Write true or false.');
  END IF;
  IF NEW.vis_state IS DISTINCT FROM OLD.vis_state AND (NEW.vis_state IS NULL OR NEW.vis_state NOT IN (0, 1, 2)) THEN
    PERFORM sync.refuse(TG_OP, 'freshbooks', to_jsonb(NEW), 'vis_state', format('vis_state can''t be %s', coalesce(NEW.vis_state::text, 'null')),
      'Write 0 for an active task, 1 to delete it or 2 to archive it.');
  END IF;

  NEW.edited_at := clock_timestamp();
  -- A row that was not waiting begins to wait now, a failed one too.
  NEW.pending_since := CASE WHEN OLD.sync_state = 'pending' THEN coalesce(OLD.pending_since, NEW.edited_at) ELSE NEW.edited_at END;
  NEW.sync_state := 'pending';
  NEW.sync_error := NULL;
  NEW.push_attempts := 0;
  NEW.push_after := NULL;
  PERFORM pg_notify('taskmirror_edits', 'freshbooks');
  RETURN NEW;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.capture_freshbooks_task() IS 'Marks a local INSERT or edit as pending and wakes the worker (once for each transaction), after a look at the values that are new: what the API sent may be anything.';
--> statement-breakpoint
CREATE FUNCTION sync.capture_deletion() RETURNS trigger
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
    AND a.attname NOT IN ('vis_state', 'sync_state', 'sync_error', 'edited_at', 'pending_since', 'push_attempts', 'push_after');

  PERFORM set_config('taskmirror.origin', 'sync', true);
  EXECUTE format($sql$
    INSERT INTO %1$I.tasks (%2$s, vis_state, sync_state, sync_error, edited_at, pending_since, push_attempts, push_after)
    OVERRIDING SYSTEM VALUE
    SELECT %2$s, 1,
      CASE WHEN vis_state = 1 THEN sync_state ELSE 'pending' END,
      CASE WHEN vis_state = 1 THEN sync_error END,
      CASE WHEN vis_state = 1 THEN edited_at ELSE $1 END,
      CASE WHEN vis_state = 1 OR sync_state = 'pending' AND pending_since IS NOT NULL THEN pending_since ELSE $1 END,
      CASE WHEN vis_state = 1 THEN push_attempts ELSE 0 END,
      CASE WHEN vis_state = 1 THEN push_after END
    FROM deleted
    -- What the API has never had, nor may yet get from a create under way, goes for good. Only READ COMMITTED sees
    -- for certain whether there is one: an older snapshot may miss it.
    WHERE id IS NOT NULL OR raw IS NOT NULL OR current_setting('transaction_isolation') <> 'read committed' OR EXISTS (
      SELECT FROM sync.writes w WHERE w.row_id = deleted.row_id AND w.settled_at IS NULL AND w.method = 'POST'
    )$sql$, TG_TABLE_SCHEMA, kept) USING clock_timestamp();
  GET DIAGNOSTICS put_back = ROW_COUNT;
  -- Where the INSERT fails, the setting goes with it.
  PERFORM set_config('taskmirror.origin', origin, true);

  IF put_back > 0 THEN
    PERFORM pg_notify('taskmirror_edits', TG_TABLE_SCHEMA);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.capture_deletion() IS 'Puts rows that a local DELETE took back as deleted (vis_state 1) and pending, so that the statement reports its true count and RETURNING works. To other triggers and to foreign keys the row was gone: one that refers to row_id with ON DELETE CASCADE has lost its rows, ON DELETE NO ACTION refuses the DELETE unless it is DEFERRABLE INITIALLY DEFERRED. UPDATE … SET vis_state = 1 deletes without that.';
--> statement-breakpoint
CREATE FUNCTION sync.refuse_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
  RAISE EXCEPTION USING
    MESSAGE = format('%s.tasks: TRUNCATE would empty the mirror and delete nothing at the API', TG_TABLE_SCHEMA),
    HINT = 'DELETE FROM the table deletes its tasks at the API too.', ERRCODE = '42501', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.refuse_truncate() IS 'Refuses a local TRUNCATE, which no other trigger sees.';
--> statement-breakpoint
CREATE TRIGGER zz_capture_insert BEFORE INSERT ON invoiced.tasks FOR EACH ROW
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync')
EXECUTE FUNCTION sync.capture_invoiced_task();
--> statement-breakpoint
CREATE TRIGGER zz_capture_1_guard BEFORE UPDATE ON invoiced.tasks FOR EACH ROW
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' AND
  ROW(OLD.row_id, OLD.connection, OLD.id, OLD.raw, OLD.sync_state, OLD.sync_error, OLD.synced_at, OLD.first_seen_at,
    OLD.edited_at, OLD.pending_since, OLD.push_attempts, OLD.push_after,
    OLD.completed_date, OLD.chase_step_id, OLD.created_at, OLD.updated_at) IS DISTINCT FROM
  ROW(NEW.row_id, NEW.connection, NEW.id, NEW.raw, NEW.sync_state, NEW.sync_error, NEW.synced_at, NEW.first_seen_at,
    NEW.edited_at, NEW.pending_since, NEW.push_attempts, NEW.push_after,
    NEW.completed_date, NEW.chase_step_id, NEW.created_at, NEW.updated_at))
EXECUTE FUNCTION sync.guard_task('completed_date', 'chase_step_id', 'created_at', 'updated_at');
--> statement-breakpoint
CREATE TRIGGER zz_capture_2_edit BEFORE UPDATE ON invoiced.tasks FOR EACH ROW
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' AND
  ROW(OLD.name, OLD.action, OLD.customer_id, OLD.user_id, OLD.due_date, OLD.complete, OLD.completed_by_user_id, OLD.vis_state) IS DISTINCT FROM
  ROW(NEW.name, NEW.action, NEW.customer_id, NEW.user_id, NEW.due_date, NEW.complete, NEW.completed_by_user_id, NEW.vis_state))
EXECUTE FUNCTION sync.capture_invoiced_task();
--> statement-breakpoint
CREATE TRIGGER zz_capture_delete AFTER DELETE ON invoiced.tasks REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync')
EXECUTE FUNCTION sync.capture_deletion();
--> statement-breakpoint
CREATE TRIGGER zz_capture_truncate BEFORE TRUNCATE ON invoiced.tasks FOR EACH STATEMENT
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync')
EXECUTE FUNCTION sync.refuse_truncate();
--> statement-breakpoint
CREATE TRIGGER zz_capture_insert BEFORE INSERT ON freshbooks.tasks FOR EACH ROW
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync')
EXECUTE FUNCTION sync.capture_freshbooks_task();
--> statement-breakpoint
CREATE TRIGGER zz_capture_1_guard BEFORE UPDATE ON freshbooks.tasks FOR EACH ROW
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' AND
  ROW(OLD.row_id, OLD.connection, OLD.id, OLD.raw, OLD.sync_state, OLD.sync_error, OLD.synced_at, OLD.first_seen_at,
    OLD.edited_at, OLD.pending_since, OLD.push_attempts, OLD.push_after, OLD.updated_at) IS DISTINCT FROM
  ROW(NEW.row_id, NEW.connection, NEW.id, NEW.raw, NEW.sync_state, NEW.sync_error, NEW.synced_at, NEW.first_seen_at,
    NEW.edited_at, NEW.pending_since, NEW.push_attempts, NEW.push_after, NEW.updated_at))
EXECUTE FUNCTION sync.guard_task('updated_at');
--> statement-breakpoint
CREATE TRIGGER zz_capture_2_edit BEFORE UPDATE ON freshbooks.tasks FOR EACH ROW
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' AND
  ROW(OLD.name, OLD.description, OLD.rate_amount, OLD.rate_code, OLD.billable, OLD.tax1, OLD.tax2, OLD.vis_state) IS DISTINCT FROM
  ROW(NEW.name, NEW.description, NEW.rate_amount, NEW.rate_code, NEW.billable, NEW.tax1, NEW.tax2, NEW.vis_state))
EXECUTE FUNCTION sync.capture_freshbooks_task();
--> statement-breakpoint
CREATE TRIGGER zz_capture_delete AFTER DELETE ON freshbooks.tasks REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync')
EXECUTE FUNCTION sync.capture_deletion();
--> statement-breakpoint
CREATE TRIGGER zz_capture_truncate BEFORE TRUNCATE ON freshbooks.tasks FOR EACH STATEMENT
WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync')
EXECUTE FUNCTION sync.refuse_truncate();
--> statement-breakpoint
DO $$
DECLARE
  source text;
BEGIN
  FOREACH source IN ARRAY ARRAY['invoiced', 'freshbooks'] LOOP
    EXECUTE format('COMMENT ON TRIGGER zz_capture_insert ON %I.tasks IS ''A local INSERT draws its row_id, is looked at and waits to be made at the API.''', source);
    EXECUTE format('COMMENT ON TRIGGER zz_capture_1_guard ON %I.tasks IS ''Holds local writers off the columns that only the worker or the API writes; lets them send a failed row again.''', source);
    EXECUTE format('COMMENT ON TRIGGER zz_capture_2_edit ON %I.tasks IS ''A local change of a writable column is looked at and waits to be sent.''', source);
    EXECUTE format('COMMENT ON TRIGGER zz_capture_delete ON %I.tasks IS ''A local DELETE waits to be done at the API; until then, and after, the row stays with vis_state 1.''', source);
    EXECUTE format('COMMENT ON TRIGGER zz_capture_truncate ON %I.tasks IS ''A local TRUNCATE is refused.''', source);
  END LOOP;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION sync.refuse(text, text, jsonb, text, text, text, text), sync.refuse_column(text, text, jsonb, text),
  sync.refuse_new_task(text, jsonb), sync.guard_task(), sync.capture_invoiced_task(), sync.capture_freshbooks_task(),
  sync.capture_deletion(), sync.refuse_truncate() FROM PUBLIC;
