-- As before, but each row's last version is looked up by the index on rows whatever the statistics say. The statement adds to the table that it looks
-- in, and is planned as that stood before: where it was empty, as after a VACUUM of one that holds nothing yet, each row read the whole of it.
CREATE OR REPLACE FUNCTION sync.record_versions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET enable_seqscan = off
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

  -- The worker's statement for a page updates and inserts: on a first read it updates nothing.
  IF NOT EXISTS (SELECT FROM old_rows) THEN
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
  -- Its last version is looked for in the order of the one index that leads to it, since any other is read from one end.
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
      FROM %1$I.task_versions v WHERE v.row_id BETWEEN o.row_id AND o.row_id
      ORDER BY v.row_id DESC, v.version_id DESC LIMIT 1
    ) last ON true
    WHERE n.row_id IS NULL OR ROW(%4$s) IS DISTINCT FROM ROW(%5$s)$sql$,
    TG_TABLE_SCHEMA, held, old_held, old_told, new_told, changed,
    CASE WHEN TG_OP = 'UPDATE' THEN 'new_rows' ELSE format('%I.tasks', TG_TABLE_SCHEMA) END)
  USING now, ended_by, ended_by_user;
  RETURN NULL;
END $$;
