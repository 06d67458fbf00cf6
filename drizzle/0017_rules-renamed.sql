-- A rule that is called something else takes its links along: of a link's columns that one alone may change.
CREATE OR REPLACE TRIGGER guard_link
BEFORE INSERT OR UPDATE OF link_id, left_row_id, right_row_id, base, state, error, linked_at, candidates, left_seen, right_seen,
  left_carried_at, right_carried_at, left_as_of, right_as_of, tried
ON sync.links FOR EACH ROW
WHEN (NOT (coalesce(current_setting('taskmirror.origin', true), '') IN ('sync', 'link') AND has_table_privilege('sync.writes'::regclass, 'INSERT')))
EXECUTE FUNCTION sync.guard_link();
