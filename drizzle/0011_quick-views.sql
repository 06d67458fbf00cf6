-- The last run of each kind, in one look into the index runs_by_kind. Were it asked for by equality and ordered by run_id
-- alone, the planner might walk down the primary key instead, which reads every run there is for a kind that never ran.
CREATE OR REPLACE VIEW reporting.sync_errors AS
SELECT 'row' AS kind, t.source, t.connection, t.row_id, t.id::text AS task_id, t.name, t.sync_error AS error, t.edited_at AS since, false AS stopped
FROM (
  SELECT 'invoiced' AS source, connection, row_id, id, name, sync_error, edited_at FROM invoiced.tasks WHERE sync_state = 'failed'
  UNION ALL
  SELECT 'freshbooks', connection, row_id, id, name, sync_error, edited_at FROM freshbooks.tasks WHERE sync_state = 'failed'
) t
UNION ALL
SELECT 'unreadable task', c.source, u.connection, NULL, u.task_id, NULL, u.reason, u.first_seen_at, false
FROM sync.unreadable u JOIN sync.connections c ON c.name = u.connection
UNION ALL
SELECT 'connection', c.source, c.name, NULL, NULL, NULL, c.problem, NULL, false
FROM sync.connections c WHERE c.problem IS NOT NULL
UNION ALL
SELECT 'run', l.source, l.connection, NULL, NULL, l.kind, l.error, l.started_at, l.outcome = 'stopped'
FROM (
  -- What another kind under the same lease did since counts too.
  SELECT DISTINCT ON (c.name, r.lease) c.name AS connection, c.source, r.kind, r.error, r.started_at, r.outcome
  FROM sync.connections c
  CROSS JOIN (VALUES ('poll'), ('read'), ('sweep'), ('resync'), ('push')) k (kind)
  CROSS JOIN LATERAL (
    -- The entry of the index at or before the last place that one of this kind could have.
    SELECT x.run_id, x.connection, x.kind, x.lease, x.error, x.started_at, x.outcome FROM sync.runs x
    WHERE (x.connection, x.kind, x.run_id) <= (c.name, k.kind, 9223372036854775807) AND x.finished_at IS NOT NULL
    ORDER BY x.connection DESC, x.kind DESC, x.run_id DESC LIMIT 1
  ) r
  WHERE r.connection = c.name AND r.kind = k.kind
  ORDER BY c.name, r.lease, r.run_id DESC
) l
WHERE l.outcome IN ('failed', 'stopped');
--> statement-breakpoint
-- Open and done tasks are counted apart, each from its own index: only what was done of late is sorted for the median.
CREATE OR REPLACE VIEW reporting.collection_workload AS
SELECT g.connection, g.user_id, g.action,
  sum(g.open)::bigint AS open,
  sum(g.overdue)::bigint AS overdue,
  sum(g.due_today)::bigint AS due_today,
  sum(g.due_this_week)::bigint AS due_this_week,
  sum(g.done_last_7_days)::bigint AS done_last_7_days,
  sum(g.done_last_30_days)::bigint AS done_last_30_days,
  min(g.median_days_from_due_to_done) AS median_days_from_due_to_done,
  min(c.last_pull_at) AS as_of
FROM reporting.calendar() d
CROSS JOIN LATERAL (
  SELECT t.connection, t.user_id, t.action,
    count(*) AS open,
    count(*) FILTER (WHERE t.due_date < d.today) AS overdue,
    count(*) FILTER (WHERE t.due_date >= d.today AND t.due_date < d.tomorrow) AS due_today,
    count(*) FILTER (WHERE t.due_date >= d.this_week AND t.due_date < d.next_week) AS due_this_week,
    0 AS done_last_7_days, 0 AS done_last_30_days, NULL::numeric AS median_days_from_due_to_done
  FROM invoiced.tasks t WHERE t.vis_state = 0 AND NOT t.complete
  GROUP BY t.connection, t.user_id, t.action
  UNION ALL
  SELECT t.connection, t.user_id, t.action, 0, 0, 0, 0,
    count(*) FILTER (WHERE t.completed_date >= d.last_7_days), count(*),
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM t.completed_date - t.due_date) / 86400))::numeric, 1)
  FROM invoiced.tasks t WHERE t.vis_state = 0 AND t.complete AND t.completed_date >= d.last_30_days
  GROUP BY t.connection, t.user_id, t.action
) g
LEFT JOIN sync.connections c ON c.name = g.connection
GROUP BY g.connection, g.user_id, g.action;
--> statement-breakpoint
CREATE OR REPLACE VIEW reporting.collection_by_customer AS
SELECT g.connection, g.customer_id,
  sum(g.open)::bigint AS open,
  sum(g.overdue)::bigint AS overdue,
  min(g.oldest_overdue) AS oldest_overdue,
  min(g.next_due) AS next_due,
  sum(g.done_last_30_days)::bigint AS done_last_30_days,
  max(g.last_done) AS last_done,
  min(c.last_pull_at) AS as_of
FROM reporting.calendar() d
CROSS JOIN LATERAL (
  SELECT t.connection, t.customer_id, count(*) AS open,
    count(*) FILTER (WHERE t.due_date < d.today) AS overdue,
    min(t.due_date) FILTER (WHERE t.due_date < d.today) AS oldest_overdue,
    min(t.due_date) FILTER (WHERE t.due_date >= d.today) AS next_due,
    0 AS done_last_30_days, NULL::timestamptz AS last_done
  FROM invoiced.tasks t WHERE t.vis_state = 0 AND NOT t.complete
  GROUP BY t.connection, t.customer_id
  UNION ALL
  SELECT t.connection, t.customer_id, 0, 0, NULL, NULL, count(*), max(t.completed_date)
  FROM invoiced.tasks t WHERE t.vis_state = 0 AND t.complete AND t.completed_date >= d.last_30_days
  GROUP BY t.connection, t.customer_id
) g
LEFT JOIN sync.connections c ON c.name = g.connection
GROUP BY g.connection, g.customer_id;
