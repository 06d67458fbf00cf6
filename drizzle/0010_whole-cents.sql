-- A rate is rounded to whole cents as it is written, as a column numeric(…, 2) would do: FreshBooks keeps no more, and what was
-- written and what is sent must not differ unseen.
CREATE OR REPLACE FUNCTION sync.capture_freshbooks_task() RETURNS trigger
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

  -- Null becomes what the API shows for nothing, and a rate what the API can hold of it. Where that was there already, nothing was changed.
  IF NEW.description IS NULL OR NEW.tax1 IS NULL OR NEW.tax2 IS NULL OR NEW.rate_amount <> round(NEW.rate_amount, 2) THEN
    NEW.rate_amount := round(NEW.rate_amount, 2);
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
COMMENT ON COLUMN freshbooks.tasks.rate_amount IS 'The price of an hour, in the currency rate_code; two decimals, to which a local value is rounded as it is written; 0 where none is set. Writable; one field together with rate_code.';
--> statement-breakpoint
CREATE OR REPLACE FUNCTION sync.role_statements() RETURNS TABLE (role text, statement text)
LANGUAGE sql STABLE SET search_path = pg_catalog
AS $$
  WITH roles (role, writes) AS (
    VALUES ('taskmirror_reader', false), ('taskmirror_writer', true)
  ), relations AS (
    SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind, c.relacl AS acl
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('invoiced', 'freshbooks', 'sync', 'reporting') AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
  ), wanted (role, kind, object, acl, privileges) AS (
    SELECT r.role, 'SCHEMA', quote_ident(n.nspname), n.nspacl, ARRAY['USAGE']
    FROM roles r, pg_namespace n
    WHERE n.nspname IN ('invoiced', 'freshbooks', 'sync', 'reporting')
    UNION ALL
    SELECT r.role, 'TABLE', format('%I.%I', c.schema, c.name), c.acl,
      CASE WHEN r.writes AND c.name = 'tasks' AND c.schema IN ('invoiced', 'freshbooks')
        -- TRUNCATE too, so that it is the trigger that refuses it, with what to do instead.
        THEN ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] ELSE ARRAY['SELECT'] END
    FROM roles r, relations c
    WHERE c.kind <> 'S' AND (c.schema, c.name) <> ('sync', 'credentials')
    UNION ALL
    SELECT r.role, 'SEQUENCE', format('%I.%I', c.schema, c.name), c.acl, ARRAY['USAGE']
    FROM roles r, relations c
    WHERE r.writes AND (c.schema, c.name) = ('sync', 'row_ids')
  ), missing AS (
    SELECT w.role, w.kind, w.object, string_agg(p.privilege, ', ' ORDER BY p.ordinal) AS privileges
    FROM wanted w, unnest(w.privileges) WITH ORDINALITY p (privilege, ordinal)
    WHERE NOT EXISTS (
      SELECT FROM aclexplode(w.acl) a JOIN pg_roles g ON g.oid = a.grantee
      WHERE g.rolname = w.role AND a.privilege_type = p.privilege
    )
    GROUP BY w.role, w.kind, w.object
  ), statements (role, step, statement) AS (
    SELECT r.role, 1, format('CREATE ROLE %I NOLOGIN', r.role)
    FROM roles r
    WHERE NOT EXISTS (SELECT FROM pg_roles g WHERE g.rolname = r.role)
    UNION ALL
    SELECT m.role, 2, format('GRANT %s ON %s %s TO %I', m.privileges, m.kind, string_agg(m.object, ', ' ORDER BY m.object), m.role)
    FROM missing m
    GROUP BY m.role, m.kind, m.privileges
    UNION ALL
    -- For SET ROLE. From PostgreSQL 16 on, who made a role is its member without that right; a superuser needs none.
    SELECT r.role, 3, format('GRANT %I TO %I', r.role, current_user)
    FROM roles r
    WHERE NOT EXISTS (
      SELECT FROM pg_roles g
      WHERE g.rolname = r.role AND pg_has_role(
        current_user, g.oid, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END
      )
    ) AND NOT (SELECT u.rolsuper FROM pg_roles u WHERE u.rolname = current_user)
  )
  SELECT s.role, s.statement FROM statements s ORDER BY s.role, s.step, s.statement
$$;
