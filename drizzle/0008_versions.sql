-- History: each version that a task had. The version that holds now is the row in tasks; the ones before it stand in
-- task_versions, each written when it ends. So a first read, which only inserts, costs nothing for it.
--
-- Statement triggers, one INSERT for all rows that a statement changed. They come after zz_capture_delete by their names:
-- what a local DELETE took and that put back is an edit to them. The SQL is put together for each call: a kept plan would
-- be that of the first statement's few rows when 100,000 come.

CREATE FUNCTION sync.record_versions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
  -- The trigger says whose hand it was: in here, with the owner's rights, nobody could tell.
  ended_by constant text := TG_ARGV[0];
  ended_by_user constant text := CASE WHEN ended_by = 'local' THEN session_user END;
  now constant timestamptz := clock_timestamp();
  -- What a version holds, and by which of it versions are told apart.
  held text;
  old_held text;
  old_told text;
  new_told text;
  changed text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    EXECUTE format($sql$
      INSERT INTO %1$I.task_versions (row_id, connection, valid_to, ended_by, ended_by_user)
      SELECT row_id, connection, $1, $2, $3 FROM new_rows$sql$, TG_TABLE_SCHEMA) USING now, ended_by, ended_by_user;
    RETURN NULL;
  END IF;

  SELECT string_agg(quote_ident(a.attname), ', '), string_agg(format('o.%I', a.attname), ', '),
    string_agg(format('o.%I', a.attname), ', ') FILTER (WHERE a.tells),
    string_agg(format('n.%I', a.attname), ', ') FILTER (WHERE a.tells),
    string_agg(format('CASE WHEN o.%1$I IS DISTINCT FROM n.%1$I THEN %1$L END', a.attname), ', ') FILTER (WHERE a.tells)
  INTO held, old_held, old_told, new_told, changed
  FROM (
    SELECT t.attname, t.attname NOT IN ('id', 'created_at', 'updated_at') AS tells
    FROM pg_catalog.pg_attribute t
    JOIN pg_catalog.pg_attribute v ON v.attrelid = format('%I.task_versions', TG_TABLE_SCHEMA)::regclass AND v.attname = t.attname
    WHERE t.attrelid = TG_RELID AND t.attnum > 0 AND NOT t.attisdropped AND t.attname NOT IN ('row_id', 'connection')
    ORDER BY v.attnum
  ) a;

  -- After a DELETE the row is looked for: it is there again, unless it went for good.
  EXECUTE format($sql$
    INSERT INTO %1$I.task_versions (row_id, connection, valid_from, valid_to, changed, changed_by, changed_by_user,
      ended_changed, ended_by, ended_by_user, %2$s)
    SELECT o.row_id, o.connection, coalesce(last.valid_to, o.first_seen_at), $1,
      last.ended_changed, CASE WHEN last.valid_to IS NULL THEN 'api' ELSE last.ended_by END, last.ended_by_user,
      CASE WHEN n.row_id IS NOT NULL THEN array_remove(ARRAY[%6$s], NULL) END, $2, $3, %3$s
    FROM old_rows o
    LEFT JOIN %7$s n ON n.row_id = o.row_id
    LEFT JOIN LATERAL (
      SELECT v.valid_to, v.ended_changed, v.ended_by, v.ended_by_user
      FROM %1$I.task_versions v WHERE v.row_id = o.row_id ORDER BY v.version_id DESC LIMIT 1
    ) last ON true
    WHERE n.row_id IS NULL OR ROW(%4$s) IS DISTINCT FROM ROW(%5$s)$sql$,
    TG_TABLE_SCHEMA, held, old_held, old_told, new_told, changed,
    CASE WHEN TG_OP = 'UPDATE' THEN 'new_rows' ELSE format('%I.tasks', TG_TABLE_SCHEMA) END)
  USING now, ended_by, ended_by_user;
  RETURN NULL;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.record_versions() IS 'Keeps the versions that a statement ended in task_versions: what the rows held, since when, and who changed what. A change of id, created_at or updated_at alone makes no version.';
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION sync.record_versions() FROM PUBLIC;
--> statement-breakpoint
DO $$
DECLARE
  source text;
  hand record;
BEGIN
  FOREACH source IN ARRAY ARRAY['invoiced', 'freshbooks'] LOOP
    FOR hand IN
      SELECT h.name, format(
        'current_setting(''taskmirror.origin'', true) IS %s DISTINCT FROM ''sync'' %s has_table_privilege(''sync.writes''::regclass, ''INSERT'')',
        h.is_not, h.and_or) AS at_work
      FROM (VALUES ('api', 'NOT', 'AND'), ('local', '', 'OR NOT')) h (name, is_not, and_or)
    LOOP
      EXECUTE format($sql$
        CREATE TRIGGER zz_versions_update_%1$s AFTER UPDATE ON %2$I.tasks
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
        WHEN (%3$s) EXECUTE FUNCTION sync.record_versions(%1$L)$sql$, hand.name, source, hand.at_work);
      EXECUTE format($sql$
        CREATE TRIGGER zz_versions_delete_%1$s AFTER DELETE ON %2$I.tasks
        REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
        WHEN (%3$s) EXECUTE FUNCTION sync.record_versions(%1$L)$sql$, hand.name, source, hand.at_work);
      EXECUTE format('COMMENT ON TRIGGER zz_versions_update_%s ON %I.tasks IS ''Keeps the versions that an UPDATE ended.''', hand.name, source);
      EXECUTE format('COMMENT ON TRIGGER zz_versions_delete_%s ON %I.tasks IS ''Keeps the versions that a DELETE ended.''', hand.name, source);
      -- Tasks that the worker inserts come from the API: their first version begins when they were first seen.
      CONTINUE WHEN hand.name = 'api';
      EXECUTE format($sql$
        CREATE TRIGGER zz_versions_insert_local AFTER INSERT ON %2$I.tasks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
        WHEN (%3$s) EXECUTE FUNCTION sync.record_versions(%1$L)$sql$, hand.name, source, hand.at_work);
      EXECUTE format('COMMENT ON TRIGGER zz_versions_insert_local ON %I.tasks IS ''Remembers who inserted a row here.''', source);
    END LOOP;
  END LOOP;
END $$;
--> statement-breakpoint
CREATE VIEW invoiced.task_history AS
SELECT v.row_id, v.connection, v.id, v.valid_from, v.valid_to, v.changed, v.changed_by, v.changed_by_user, v.vis_state,
  v.name, v.action, v.customer_id, v.user_id, v.due_date, v.complete, v.completed_by_user_id, v.completed_date,
  v.chase_step_id, v.created_at, v.updated_at
FROM invoiced.task_versions v
WHERE v.vis_state IS NOT NULL
UNION ALL
SELECT t.row_id, t.connection, t.id, coalesce(v.valid_to, t.first_seen_at), NULL, v.ended_changed, coalesce(v.ended_by, 'api'),
  v.ended_by_user, t.vis_state,
  t.name, t.action, t.customer_id, t.user_id, t.due_date, t.complete, t.completed_by_user_id, t.completed_date,
  t.chase_step_id, t.created_at, t.updated_at
FROM invoiced.tasks t
LEFT JOIN (
  SELECT DISTINCT ON (row_id) row_id, valid_to, ended_changed, ended_by, ended_by_user
  FROM invoiced.task_versions ORDER BY row_id, version_id DESC
) v ON v.row_id = t.row_id;
--> statement-breakpoint
CREATE VIEW freshbooks.task_history AS
SELECT v.row_id, v.connection, v.id, v.valid_from, v.valid_to, v.changed, v.changed_by, v.changed_by_user, v.vis_state,
  v.name, v.description, v.rate_amount, v.rate_code, v.billable, v.tax1, v.tax2, v.updated_at
FROM freshbooks.task_versions v
WHERE v.vis_state IS NOT NULL
UNION ALL
SELECT t.row_id, t.connection, t.id, coalesce(v.valid_to, t.first_seen_at), NULL, v.ended_changed, coalesce(v.ended_by, 'api'),
  v.ended_by_user, t.vis_state,
  t.name, t.description, t.rate_amount, t.rate_code, t.billable, t.tax1, t.tax2, t.updated_at
FROM freshbooks.tasks t
LEFT JOIN (
  SELECT DISTINCT ON (row_id) row_id, valid_to, ended_changed, ended_by, ended_by_user
  FROM freshbooks.task_versions ORDER BY row_id, version_id DESC
) v ON v.row_id = t.row_id;
--> statement-breakpoint
DO $$
DECLARE
  source text;
  task_column record;
BEGIN
  FOREACH source IN ARRAY ARRAY['invoiced', 'freshbooks'] LOOP
    EXECUTE format('COMMENT ON TABLE %I.task_versions IS ''Versions of tasks that have ended, each with how it began and how it ended. Read them through task_history, which adds the version that holds now.''', source);
    EXECUTE format('COMMENT ON COLUMN %I.task_versions.version_id IS ''Identity, in order of ending for each row.''', source);
    EXECUTE format('COMMENT ON COLUMN %I.task_versions.ended_changed IS ''Which columns were changed when it ended; null when the row was inserted here, or went for good.''', source);
    EXECUTE format('COMMENT ON COLUMN %I.task_versions.ended_by IS ''Who ended it: api or local. See changed_by.''', source);
    EXECUTE format('COMMENT ON COLUMN %I.task_versions.ended_by_user IS ''The database user who ended it; null for the API.''', source);
    EXECUTE format('COMMENT ON COLUMN %I.task_versions.vis_state IS ''0 active, 1 deleted, 2 archived (FreshBooks only); null for the empty version before a row was inserted here.''', source);
    EXECUTE format('COMMENT ON VIEW %I.task_history IS ''Every version that a task had and has: from when to when, which columns changed at its beginning, and who changed them. How a row stood at a time: WHERE valid_from <= TIME AND (valid_to > TIME OR valid_to IS NULL).''', source);
    EXECUTE format('COMMENT ON COLUMN %I.task_history.vis_state IS ''0 active, 1 deleted, 2 archived (FreshBooks only).''', source);
    FOR task_column IN
      SELECT c.relname AS relation, a.attname AS name, coalesce(shared.comment, col_description(t.attrelid, t.attnum)) AS comment
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
      LEFT JOIN pg_attribute t ON t.attrelid = format('%I.tasks', source)::regclass AND t.attname = a.attname
      LEFT JOIN (VALUES
        ('row_id', 'The task''s row in the mirror.'),
        ('connection', 'Which account, by its name in sync.connections.'),
        ('id', 'The task''s id at the API then; null while it had not been made there.'),
        ('valid_from', 'Since when the task was so. For the first version of a task that came from the API: when it was first seen. Null where that is not known.'),
        ('valid_to', 'Until when, exclusive; null for the version that holds now.'),
        ('changed', 'Which columns were changed at its beginning; null for the first version.'),
        ('changed_by', 'Who changed them: api (the API, or what it made of a value that it was sent) or local (whoever wrote SQL here).'),
        ('changed_by_user', 'The database user who did, by the name of the login; null for the API.')
      ) shared (name, comment) ON shared.name = a.attname
      WHERE c.oid IN (format('%I.task_versions', source)::regclass, format('%I.task_history', source)::regclass)
        AND col_description(c.oid, a.attnum) IS NULL
    LOOP
      EXECUTE format('COMMENT ON COLUMN %I.%I.%I IS %L', source, task_column.relation, task_column.name,
        regexp_replace(task_column.comment, ' (Writable|Read-only)\M[^.]*\.', '', 'g'));
    END LOOP;
  END LOOP;
END $$;
