-- As before, and each refusal names the row and what to do: which row is deleted, a rule that there is not, a row of another connection than the rule's.
CREATE OR REPLACE FUNCTION sync.guard_link() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
AS $$
DECLARE
  why text;
  cure text := 'Look at sync.links and at both tables of tasks.';
  rule sync.link_rules;
  left_task record;
  right_task record;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION USING MESSAGE = format('sync.links, link %s: only the worker changes a link', OLD.link_id),
      HINT = 'DELETE it and INSERT another one, or use taskmirror links resolve or remove.', ERRCODE = '42501';
  END IF;
  SELECT * INTO rule FROM sync.link_rules r WHERE r.name = NEW.rule;
  SELECT t.connection, t.vis_state INTO left_task FROM invoiced.tasks t WHERE t.row_id = NEW.left_row_id;
  SELECT t.connection, t.vis_state INTO right_task FROM freshbooks.tasks t WHERE t.row_id = NEW.right_row_id;
  IF num_nonnulls(NEW.left_row_id, NEW.right_row_id) < 2 THEN
    why := 'a link joins two rows';
    cure := 'Write left_row_id, the row_id of a row of invoiced.tasks, and right_row_id, that of one of freshbooks.tasks.';
  ELSIF num_nonnulls(NEW.base, NEW.error, NEW.candidates, NEW.left_seen, NEW.right_seen, NEW.left_carried_at, NEW.right_carried_at,
      NEW.left_as_of, NEW.right_as_of, NEW.tried) > 0 OR NEW.state <> 'linked' THEN
    why := 'only the worker writes more than the two rows and the rule';
    cure := 'Write left_row_id, right_row_id and, if there is one, rule.';
  ELSIF left_task.vis_state IS NULL THEN
    why := format('row %s is none of invoiced.tasks', NEW.left_row_id);
    cure := 'left_row_id is the row_id of a row of invoiced.tasks.';
  ELSIF right_task.vis_state IS NULL THEN
    why := format('row %s is none of freshbooks.tasks', NEW.right_row_id);
    cure := 'right_row_id is the row_id of a row of freshbooks.tasks.';
  ELSIF left_task.vis_state = 1 OR right_task.vis_state = 1 THEN
    why := CASE WHEN left_task.vis_state = 1 THEN format('row %s of invoiced.tasks is deleted', NEW.left_row_id)
      ELSE format('row %s of freshbooks.tasks is deleted', NEW.right_row_id) END;
    cure := 'Set its vis_state to 0 first, or link another row.';
  ELSIF NEW.rule IS NOT NULL AND rule.name IS NULL THEN
    why := format('there is no rule %s', NEW.rule);
    cure := 'taskmirror links rules lists them; leave rule out for a link without one.';
  ELSIF left_task.connection <> rule.invoiced_connection OR right_task.connection <> rule.freshbooks_connection THEN
    why := CASE WHEN left_task.connection <> rule.invoiced_connection
      THEN format('row %s is of connection %s, and rule %s is about %s', NEW.left_row_id, left_task.connection, rule.name, rule.invoiced_connection)
      ELSE format('row %s is of connection %s, and rule %s is about %s', NEW.right_row_id, right_task.connection, rule.name, rule.freshbooks_connection) END;
    cure := 'Link a row of that connection, or leave rule out.';
  ELSE
    -- What nobody has decided yet is decided now.
    DELETE FROM sync.links l WHERE l.state = 'ambiguous' AND (l.left_row_id = NEW.left_row_id OR l.right_row_id = NEW.right_row_id);
    SELECT format('row %s is in link %s already',
        CASE WHEN l.left_row_id = NEW.left_row_id THEN l.left_row_id ELSE l.right_row_id END, l.link_id),
      format('A row is in one link at most: end that one first, with taskmirror links remove %s.', l.link_id)
    INTO why, cure
    FROM sync.links l
    WHERE l.state <> 'unlinked' AND (l.left_row_id = NEW.left_row_id OR l.right_row_id = NEW.right_row_id)
    LIMIT 1;
  END IF;
  IF why IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = format('sync.links, new link: %s', why), HINT = cure, ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
