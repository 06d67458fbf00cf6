-- Links: what crosses over is a local edit of the other row, which the capture triggers mark as pending like any other. It is made under
-- taskmirror.origin = 'link', by which history tells it apart; like 'sync' it counts only for those who may write the worker's bookkeeping.

CREATE FUNCTION sync.folded(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.lower(pg_catalog.btrim(pg_catalog.regexp_replace(name, '\s+', ' ', 'g')));
--> statement-breakpoint
COMMENT ON FUNCTION sync.folded(text) IS 'A name as link rules match it: in small letters, each run of blanks as one.';
--> statement-breakpoint
CREATE FUNCTION sync.guard_link() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
  why text;
  cure text := 'Look at sync.links and at both tables of tasks.';
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION USING MESSAGE = format('sync.links, link %s: only the worker changes a link', OLD.link_id),
      HINT = 'DELETE it and INSERT another one, or use taskmirror links resolve or remove.', ERRCODE = '42501';
  END IF;
  IF num_nonnulls(NEW.left_row_id, NEW.right_row_id) < 2 THEN
    why := 'a link joins two rows';
    cure := 'Write left_row_id, the row_id of a row of invoiced.tasks, and right_row_id, that of one of freshbooks.tasks.';
  ELSIF num_nonnulls(NEW.base, NEW.error, NEW.candidates, NEW.left_seen, NEW.right_seen, NEW.left_carried_at, NEW.right_carried_at,
      NEW.left_as_of, NEW.right_as_of, NEW.tried) > 0 OR NEW.state <> 'linked' THEN
    why := 'only the worker writes more than the two rows and the rule';
    cure := 'Write left_row_id, right_row_id and, if there is one, rule.';
  ELSIF NOT EXISTS (SELECT FROM invoiced.tasks t WHERE t.row_id = NEW.left_row_id) THEN
    why := format('row %s is none of invoiced.tasks', NEW.left_row_id);
    cure := 'left_row_id is the row_id of a row of invoiced.tasks.';
  ELSIF NOT EXISTS (SELECT FROM freshbooks.tasks t WHERE t.row_id = NEW.right_row_id) THEN
    why := format('row %s is none of freshbooks.tasks', NEW.right_row_id);
    cure := 'right_row_id is the row_id of a row of freshbooks.tasks.';
  ELSIF EXISTS (SELECT FROM invoiced.tasks t WHERE t.row_id = NEW.left_row_id AND t.vis_state = 1)
      OR EXISTS (SELECT FROM freshbooks.tasks t WHERE t.row_id = NEW.right_row_id AND t.vis_state = 1) THEN
    why := 'one of its tasks is deleted';
    cure := 'Set its vis_state to 0 first.';
  ELSE
    -- What nobody has decided yet is decided now.
    DELETE FROM sync.links l WHERE l.state = 'ambiguous' AND (l.left_row_id = NEW.left_row_id OR l.right_row_id = NEW.right_row_id);
    SELECT format('row %s is in link %s already',
        CASE WHEN l.left_row_id = NEW.left_row_id THEN l.left_row_id ELSE l.right_row_id END, l.link_id)
    INTO why
    FROM sync.links l
    WHERE l.state <> 'unlinked' AND (l.left_row_id = NEW.left_row_id OR l.right_row_id = NEW.right_row_id)
    LIMIT 1;
    cure := 'A row is in one link at most: remove that one first.';
  END IF;
  IF why IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = format('sync.links, new link: %s', why), HINT = cure, ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.guard_link() IS 'Looks at a link that somebody makes by SQL, and holds people off what only the worker writes.';
--> statement-breakpoint
CREATE FUNCTION sync.tell_links() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
BEGIN
  PERFORM pg_notify('taskmirror_edits', '');
  RETURN NULL;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.tell_links() IS 'Wakes the worker after a change of links or of their rules.';
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION sync.guard_link(), sync.tell_links() FROM PUBLIC;
--> statement-breakpoint
CREATE TRIGGER guard_link BEFORE INSERT OR UPDATE ON sync.links FOR EACH ROW
WHEN (NOT (coalesce(current_setting('taskmirror.origin', true), '') IN ('sync', 'link') AND has_table_privilege('sync.writes'::regclass, 'INSERT')))
EXECUTE FUNCTION sync.guard_link();
--> statement-breakpoint
CREATE TRIGGER tell_links AFTER INSERT OR UPDATE OR DELETE ON sync.links FOR EACH STATEMENT
WHEN (NOT (coalesce(current_setting('taskmirror.origin', true), '') IN ('sync', 'link') AND has_table_privilege('sync.writes'::regclass, 'INSERT')))
EXECUTE FUNCTION sync.tell_links();
--> statement-breakpoint
CREATE TRIGGER tell_links AFTER INSERT OR UPDATE OR DELETE ON sync.link_rules FOR EACH STATEMENT
WHEN (NOT (coalesce(current_setting('taskmirror.origin', true), '') IN ('sync', 'link') AND has_table_privilege('sync.writes'::regclass, 'INSERT')))
EXECUTE FUNCTION sync.tell_links();
--> statement-breakpoint
-- As before, and a linked row that is deleted before its task was made stays too, until the other one has followed.
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
-- A third hand: what came over a link. The triggers tell it by the rights of whoever changed the row, as they do the worker's own.
DO $$
DECLARE
  source text;
  hand record;
BEGIN
  FOREACH source IN ARRAY ARRAY['invoiced', 'freshbooks'] LOOP
    FOR hand IN
      SELECT * FROM (VALUES
        ('local', 'NOT (coalesce(current_setting(''taskmirror.origin'', true), '''') IN (''sync'', ''link'') AND has_table_privilege(''sync.writes''::regclass, ''INSERT''))'),
        ('link', 'coalesce(current_setting(''taskmirror.origin'', true), '''') = ''link'' AND has_table_privilege(''sync.writes''::regclass, ''INSERT'')')
      ) h (name, at_work)
    LOOP
      EXECUTE format($sql$
        CREATE OR REPLACE TRIGGER zz_versions_update_%1$s AFTER UPDATE ON %2$I.tasks
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
        WHEN (%3$s) EXECUTE FUNCTION sync.record_versions(%1$L)$sql$, hand.name, source, hand.at_work);
      EXECUTE format($sql$
        CREATE OR REPLACE TRIGGER zz_versions_insert_%1$s AFTER INSERT ON %2$I.tasks
        REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
        WHEN (%3$s) EXECUTE FUNCTION sync.record_versions(%1$L)$sql$, hand.name, source, hand.at_work);
      EXECUTE format('COMMENT ON TRIGGER zz_versions_update_%s ON %I.tasks IS ''Keeps the versions that an UPDATE ended.''', hand.name, source);
      EXECUTE format('COMMENT ON TRIGGER zz_versions_insert_%s ON %I.tasks IS ''Remembers who inserted a row here.''', hand.name, source);
    END LOOP;
    EXECUTE format($sql$
      CREATE OR REPLACE TRIGGER zz_versions_delete_local AFTER DELETE ON %1$I.tasks
      REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
      WHEN (current_setting('taskmirror.origin', true) IS DISTINCT FROM 'sync' OR NOT has_table_privilege('sync.writes'::regclass, 'INSERT'))
      EXECUTE FUNCTION sync.record_versions('local')$sql$, source);
    EXECUTE format('COMMENT ON COLUMN %I.task_versions.ended_by IS ''Who ended it: api, local or link. See changed_by.''', source);
    EXECUTE format('COMMENT ON COLUMN %I.task_versions.ended_by_user IS ''The database user who ended it; null for the API and for a link.''', source);
    EXECUTE format('COMMENT ON COLUMN %I.task_history.changed_by IS ''Who changed them: api (the API, or what it made of a value that it was sent), local (whoever wrote SQL here) or link (it came over from the task that this one is linked to).''', source);
    EXECUTE format('COMMENT ON COLUMN %I.task_history.changed_by_user IS ''The database user who did, by the name of the login; null for the API and for a link.''', source);
    EXECUTE format('COMMENT ON COLUMN %I.task_versions.changed_by IS ''Who changed them: api, local or link.''', source);
  END LOOP;
  COMMENT ON COLUMN reporting.service_rate_changes.changed_by IS 'api: at FreshBooks, or by FreshBooks (rounded, say); local: by SQL here; link: over a link from Invoiced.';

  COMMENT ON COLUMN sync.writes.link_id IS 'The link in sync.links over which it came, or part of it; null where people here changed all that it sent.';

  COMMENT ON TABLE sync.link_rules IS 'Which tasks of an Invoiced and a FreshBooks connection are kept as one, and how. Made with taskmirror links rules add, or INSERT.';
  COMMENT ON COLUMN sync.link_rules.name IS 'What the rule is called.';
  COMMENT ON COLUMN sync.link_rules.invoiced_connection IS 'The connection of its Invoiced tasks.';
  COMMENT ON COLUMN sync.link_rules.freshbooks_connection IS 'The connection of its FreshBooks tasks.';
  COMMENT ON COLUMN sync.link_rules.invoiced_where IS 'Which rows of invoiced.tasks it takes up: a condition on the row''s own columns, as SQL. Decides who is linked, not for how long.';
  COMMENT ON COLUMN sync.link_rules.freshbooks_where IS 'Which rows of freshbooks.tasks it takes up: a condition on the row''s own columns, as SQL. Decides who is linked, not for how long.';
  COMMENT ON COLUMN sync.link_rules.match IS 'How rows that are there on both sides find each other: name (see sync.folded) or none.';
  COMMENT ON COLUMN sync.link_rules.creates IS 'Where a missing task is made: none, invoiced, freshbooks or both.';
  COMMENT ON COLUMN sync.link_rules.invoiced_action IS 'The action of tasks that are made in Invoiced.';
  COMMENT ON COLUMN sync.link_rules.invoiced_customer_id IS 'The customer of tasks that are made in Invoiced; null for none.';
  COMMENT ON COLUMN sync.link_rules.invoiced_user_id IS 'The user of tasks that are made in Invoiced; null for none.';
  COMMENT ON COLUMN sync.link_rules.invoiced_due_days IS 'In how many days tasks that are made in Invoiced are due.';
  COMMENT ON COLUMN sync.link_rules.freshbooks_rate_amount IS 'The rate of tasks that are made in FreshBooks; null for none.';
  COMMENT ON COLUMN sync.link_rules.freshbooks_rate_code IS 'The currency of that rate.';
  COMMENT ON COLUMN sync.link_rules.freshbooks_billable IS 'Whether tasks that are made in FreshBooks are billable.';
  COMMENT ON COLUMN sync.link_rules.share_name IS 'Whether the name is kept the same on both sides.';
  COMMENT ON COLUMN sync.link_rules.complete IS 'What a completed Invoiced task is in FreshBooks: archived or deleted; null where that is not shared.';
  COMMENT ON COLUMN sync.link_rules.on_delete IS 'What the deletion of one task does to the other: delete, or unlink, which leaves it as it is.';
  COMMENT ON COLUMN sync.link_rules.winner IS 'Whose value is kept where both tasks were changed: invoiced, freshbooks or newest. The other stands in sync.conflicts.';
  COMMENT ON COLUMN sync.link_rules.checked IS 'By which the worker knows that it has checked the two conditions as they are.';
  COMMENT ON COLUMN sync.link_rules.problem IS 'What the worker can''t do for it, and what to do; null while all is well.';
  COMMENT ON COLUMN sync.link_rules.added_at IS 'When it was made.';

  COMMENT ON TABLE sync.links IS 'Pairs of tasks that are kept as one: a row of invoiced.tasks (left) and one of freshbooks.tasks (right). INSERT makes one, DELETE ends one; both rows stay as they are.';
  COMMENT ON COLUMN sync.links.link_id IS 'Identity, in order of being made.';
  COMMENT ON COLUMN sync.links.rule IS 'The rule that made it or holds for it, in sync.link_rules; null for one that people made without.';
  COMMENT ON COLUMN sync.links.left_row_id IS 'The row of invoiced.tasks.';
  COMMENT ON COLUMN sync.links.right_row_id IS 'The row of freshbooks.tasks.';
  COMMENT ON COLUMN sync.links.base IS 'What both sides last agreed on, of the fields that they share: what changes are told by. Null before the first look.';
  COMMENT ON COLUMN sync.links.state IS 'linked; ambiguous: several rows could be the other side, see candidates; failed: see error; unlinked: it is over, and no rule links its rows again.';
  COMMENT ON COLUMN sync.links.error IS 'What keeps it from being brought up to date, or why it is over; else null.';
  COMMENT ON COLUMN sync.links.linked_at IS 'When it was made.';
  COMMENT ON COLUMN sync.links.candidates IS 'The rows that could be the other side of an ambiguous one; taskmirror links resolve decides.';
  COMMENT ON COLUMN sync.links.left_seen IS 'What the left row showed when both sides last agreed: what an API made of an agreed value is no change.';
  COMMENT ON COLUMN sync.links.right_seen IS 'What the right row showed when both sides last agreed.';
  COMMENT ON COLUMN sync.links.left_carried_at IS 'When something last came over to the left row.';
  COMMENT ON COLUMN sync.links.right_carried_at IS 'When something last came over to the right row.';
  COMMENT ON COLUMN sync.links.left_as_of IS 'When that had been changed in FreshBooks, as far as is known.';
  COMMENT ON COLUMN sync.links.right_as_of IS 'When that had been changed in Invoiced, as far as is known.';
  COMMENT ON COLUMN sync.links.tried IS 'What both rows showed when it failed: it is tried again when one of them changes.';
END $$;
--> statement-breakpoint
CREATE VIEW reporting.linked_tasks AS
SELECT l.link_id, l.rule,
  CASE WHEN l.state = 'linked' AND (a.sync_state = 'failed' OR b.sync_state = 'failed') THEN 'failed'
    WHEN l.state = 'linked' AND (a.sync_state = 'pending' OR b.sync_state = 'pending') THEN 'pending' ELSE l.state END AS state,
  coalesce(l.error, a.sync_error, b.sync_error) AS error, l.linked_at, l.candidates,
  l.left_row_id AS invoiced_row_id, a.connection AS invoiced_connection, a.id AS invoiced_id, a.name AS invoiced_name, a.action,
  a.customer_id, a.user_id, a.due_date, a.complete, a.vis_state AS invoiced_vis_state,
  l.right_row_id AS freshbooks_row_id, b.connection AS freshbooks_connection, b.id AS freshbooks_id, b.name AS freshbooks_name,
  b.rate_amount, b.rate_code, b.billable, b.vis_state AS freshbooks_vis_state
FROM sync.links l
LEFT JOIN invoiced.tasks a ON a.row_id = l.left_row_id
LEFT JOIN freshbooks.tasks b ON b.row_id = l.right_row_id;
--> statement-breakpoint
DO $$ BEGIN
  COMMENT ON VIEW reporting.linked_tasks IS 'Each link with both of its tasks: a task in Invoiced and one in FreshBooks that are kept as one.';
  COMMENT ON COLUMN reporting.linked_tasks.link_id IS 'The link, in sync.links.';
  COMMENT ON COLUMN reporting.linked_tasks.rule IS 'The rule that made it; null for one that people made.';
  COMMENT ON COLUMN reporting.linked_tasks.state IS 'linked; pending: a change of one of its tasks waits to be sent; failed: one was refused, or could not come over; ambiguous: a person must say which is the other task; unlinked: it is over.';
  COMMENT ON COLUMN reporting.linked_tasks.error IS 'Why it failed or is over; else null.';
  COMMENT ON COLUMN reporting.linked_tasks.linked_at IS 'When it was made.';
  COMMENT ON COLUMN reporting.linked_tasks.candidates IS 'The rows that could be the other task of an ambiguous one.';
  COMMENT ON COLUMN reporting.linked_tasks.invoiced_row_id IS 'The row in invoiced.tasks.';
  COMMENT ON COLUMN reporting.linked_tasks.invoiced_connection IS 'Its connection.';
  COMMENT ON COLUMN reporting.linked_tasks.invoiced_id IS 'Its id at Invoiced; null until it has been made there.';
  COMMENT ON COLUMN reporting.linked_tasks.invoiced_name IS 'Its name in Invoiced.';
  COMMENT ON COLUMN reporting.linked_tasks.action IS 'What is to be done: phone, letter, email or review.';
  COMMENT ON COLUMN reporting.linked_tasks.customer_id IS 'The customer at Invoiced.';
  COMMENT ON COLUMN reporting.linked_tasks.user_id IS 'Who is to do it.';
  COMMENT ON COLUMN reporting.linked_tasks.due_date IS 'When it is due.';
  COMMENT ON COLUMN reporting.linked_tasks.complete IS 'Whether it is done.';
  COMMENT ON COLUMN reporting.linked_tasks.invoiced_vis_state IS '0 active, 1 deleted.';
  COMMENT ON COLUMN reporting.linked_tasks.freshbooks_row_id IS 'The row in freshbooks.tasks.';
  COMMENT ON COLUMN reporting.linked_tasks.freshbooks_connection IS 'Its connection.';
  COMMENT ON COLUMN reporting.linked_tasks.freshbooks_id IS 'Its id at FreshBooks; null until it has been made there.';
  COMMENT ON COLUMN reporting.linked_tasks.freshbooks_name IS 'Its name in FreshBooks.';
  COMMENT ON COLUMN reporting.linked_tasks.rate_amount IS 'The price of an hour.';
  COMMENT ON COLUMN reporting.linked_tasks.rate_code IS 'The currency of the rate.';
  COMMENT ON COLUMN reporting.linked_tasks.billable IS 'Whether its time is charged.';
  COMMENT ON COLUMN reporting.linked_tasks.freshbooks_vis_state IS '0 active, 1 deleted, 2 archived.';
END $$;
--> statement-breakpoint
-- As before, and local writers may make links and end them.
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
        THEN ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']
        WHEN r.writes AND (c.schema, c.name) = ('sync', 'links') THEN ARRAY['SELECT', 'INSERT', 'DELETE']
        ELSE ARRAY['SELECT'] END
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
