-- Views that answer questions. Each says how fresh it is: as_of is the time up to which the mirror holds everything that
-- had changed at the API. Days and weeks are those of reporting.settings, not of the server.

INSERT INTO reporting.settings DEFAULT VALUES;
--> statement-breakpoint
CREATE FUNCTION reporting.calendar(at timestamptz DEFAULT now(),
  OUT today timestamptz, OUT tomorrow timestamptz, OUT this_week timestamptz, OUT next_week timestamptz,
  OUT last_7_days timestamptz, OUT last_30_days timestamptz, OUT time_zone text)
LANGUAGE sql STABLE
AS $$
  SELECT d.day AT TIME ZONE s.time_zone, (d.day + interval '1 day') AT TIME ZONE s.time_zone,
    w.week AT TIME ZONE s.time_zone, (w.week + interval '7 days') AT TIME ZONE s.time_zone,
    (d.day - interval '6 days') AT TIME ZONE s.time_zone, (d.day - interval '29 days') AT TIME ZONE s.time_zone, s.time_zone
  FROM reporting.settings s
  CROSS JOIN LATERAL (SELECT date_trunc('day', calendar.at AT TIME ZONE s.time_zone)) d (day)
  CROSS JOIN LATERAL (
    SELECT d.day - interval '1 day' * ((extract(isodow FROM d.day)::int
      - array_position(ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], s.week_start) + 7) % 7)
  ) w (week)
$$;
--> statement-breakpoint
COMMENT ON FUNCTION reporting.calendar(timestamptz) IS 'When today, tomorrow, this week and the next begin at the time given (default now), and the 7 and 30 days that end with today, by reporting.settings.';
--> statement-breakpoint
CREATE VIEW reporting.tasks AS
SELECT 'invoiced' AS source, t.connection, t.row_id, t.id, t.name, t.vis_state = 0 AS active, t.vis_state,
  t.created_at AS created, t.updated_at AS updated, t.sync_state, (SELECT c.last_pull_at FROM sync.connections c WHERE c.name = t.connection) AS as_of
FROM invoiced.tasks t
UNION ALL
SELECT 'freshbooks', t.connection, t.row_id, t.id, t.name, t.vis_state = 0, t.vis_state,
  NULL, t.updated_at, t.sync_state, (SELECT c.last_pull_at FROM sync.connections c WHERE c.name = t.connection)
FROM freshbooks.tasks t;
--> statement-breakpoint
-- Reads what is open (index tasks_open) and what was done of late (index tasks_done), not all there ever was.
CREATE VIEW reporting.collection_workload AS
SELECT w.connection, w.user_id, w.action,
  count(*) FILTER (WHERE w.is_open) AS open,
  count(*) FILTER (WHERE w.is_open AND w.due_date < d.today) AS overdue,
  count(*) FILTER (WHERE w.is_open AND w.due_date >= d.today AND w.due_date < d.tomorrow) AS due_today,
  count(*) FILTER (WHERE w.is_open AND w.due_date >= d.this_week AND w.due_date < d.next_week) AS due_this_week,
  count(*) FILTER (WHERE w.completed_date >= d.last_7_days) AS done_last_7_days,
  count(*) FILTER (WHERE NOT w.is_open) AS done_last_30_days,
  round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM w.completed_date - w.due_date) / 86400)
    FILTER (WHERE NOT w.is_open))::numeric, 1) AS median_days_from_due_to_done,
  min(c.last_pull_at) AS as_of
FROM reporting.calendar() d
CROSS JOIN LATERAL (
  SELECT t.connection, t.user_id, t.action, true AS is_open, t.due_date, NULL::timestamptz AS completed_date
  FROM invoiced.tasks t WHERE t.vis_state = 0 AND NOT t.complete
  UNION ALL
  SELECT t.connection, t.user_id, t.action, false, t.due_date, t.completed_date
  FROM invoiced.tasks t WHERE t.vis_state = 0 AND t.complete AND t.completed_date >= d.last_30_days
) w
LEFT JOIN sync.connections c ON c.name = w.connection
GROUP BY w.connection, w.user_id, w.action;
--> statement-breakpoint
CREATE VIEW reporting.collection_overdue AS
SELECT t.connection, t.row_id, t.id, t.name, t.action, t.customer_id, t.user_id, t.due_date,
  (d.today AT TIME ZONE d.time_zone)::date - (t.due_date AT TIME ZONE d.time_zone)::date AS days_overdue,
  t.sync_state, (SELECT c.last_pull_at FROM sync.connections c WHERE c.name = t.connection) AS as_of
FROM reporting.calendar() d
JOIN invoiced.tasks t ON t.vis_state = 0 AND NOT t.complete AND t.due_date < d.today;
--> statement-breakpoint
CREATE VIEW reporting.collection_by_customer AS
SELECT w.connection, w.customer_id,
  count(*) FILTER (WHERE w.is_open) AS open,
  count(*) FILTER (WHERE w.is_open AND w.due_date < d.today) AS overdue,
  min(w.due_date) FILTER (WHERE w.is_open AND w.due_date < d.today) AS oldest_overdue,
  min(w.due_date) FILTER (WHERE w.is_open AND w.due_date >= d.today) AS next_due,
  count(*) FILTER (WHERE NOT w.is_open) AS done_last_30_days,
  max(w.completed_date) AS last_done,
  min(c.last_pull_at) AS as_of
FROM reporting.calendar() d
CROSS JOIN LATERAL (
  SELECT t.connection, t.customer_id, true AS is_open, t.due_date, NULL::timestamptz AS completed_date
  FROM invoiced.tasks t WHERE t.vis_state = 0 AND NOT t.complete
  UNION ALL
  SELECT t.connection, t.customer_id, false, t.due_date, t.completed_date
  FROM invoiced.tasks t WHERE t.vis_state = 0 AND t.complete AND t.completed_date >= d.last_30_days
) w
LEFT JOIN sync.connections c ON c.name = w.connection
GROUP BY w.connection, w.customer_id;
--> statement-breakpoint
CREATE VIEW reporting.service_catalog AS
SELECT t.connection, t.row_id, t.id, t.name, t.description, t.rate_amount AS rate, t.rate_code AS currency, t.billable,
  nullif(t.tax1, 0) AS tax1, nullif(t.tax2, 0) AS tax2, t.updated_at AS updated, t.sync_state,
  (SELECT c.last_pull_at FROM sync.connections c WHERE c.name = t.connection) AS as_of
FROM freshbooks.tasks t
WHERE t.vis_state = 0;
--> statement-breakpoint
-- From the index tasks_active alone.
CREATE VIEW reporting.service_duplicates AS
SELECT t.connection, t.folded_name, count(*) AS services, array_agg(t.row_id) AS row_ids, array_agg(t.id) AS ids,
  (SELECT c.last_pull_at FROM sync.connections c WHERE c.name = t.connection) AS as_of
FROM (
  SELECT connection, lower(translate(name, E' \t\r\n\u00A0', '')) AS folded_name, row_id, id
  FROM freshbooks.tasks WHERE vis_state = 0 AND name IS NOT NULL
) t
GROUP BY t.connection, t.folded_name
HAVING count(*) > 1;
--> statement-breakpoint
-- Each version that a change of the rate ended, and the version after it.
CREATE VIEW reporting.service_rate_changes AS
SELECT v.connection, v.row_id, n.id, n.name, v.valid_to AS changed_at,
  v.rate_amount AS from_rate, v.rate_code AS from_currency, n.rate_amount AS to_rate, n.rate_code AS to_currency,
  CASE WHEN n.rate_code = v.rate_code THEN n.rate_amount - v.rate_amount END AS difference,
  v.ended_by AS changed_by, v.ended_by_user AS changed_by_user, c.last_pull_at AS as_of
FROM freshbooks.task_versions v
CROSS JOIN LATERAL (
  (SELECT x.id, x.name, x.rate_amount, x.rate_code FROM freshbooks.task_versions x
   WHERE x.row_id = v.row_id AND x.version_id > v.version_id ORDER BY x.version_id LIMIT 1)
  UNION ALL
  (SELECT t.id, t.name, t.rate_amount, t.rate_code FROM freshbooks.tasks t WHERE t.row_id = v.row_id)
  LIMIT 1
) n
LEFT JOIN sync.connections c ON c.name = v.connection
WHERE v.vis_state IS NOT NULL AND v.ended_changed && ARRAY['rate_amount', 'rate_code'];
--> statement-breakpoint
CREATE VIEW reporting.sync_errors AS
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
  -- A look into the index runs_by_kind for each kind; what another kind under the same lease did since counts too.
  SELECT DISTINCT ON (c.name, r.lease) c.name AS connection, c.source, r.kind, r.error, r.started_at, r.outcome
  FROM sync.connections c
  CROSS JOIN (VALUES ('poll'), ('read'), ('sweep'), ('resync'), ('push')) k (kind)
  CROSS JOIN LATERAL (
    SELECT x.run_id, x.lease, x.kind, x.error, x.started_at, x.outcome FROM sync.runs x
    WHERE x.connection = c.name AND x.kind = k.kind AND x.finished_at IS NOT NULL ORDER BY x.run_id DESC LIMIT 1
  ) r
  ORDER BY c.name, r.lease, r.run_id DESC
) l
WHERE l.outcome IN ('failed', 'stopped');
--> statement-breakpoint
CREATE VIEW reporting.sync_health AS
SELECT c.name AS connection, c.source,
  CASE
    WHEN c.paused_at IS NOT NULL THEN 'paused'
    WHEN c.problem IS NOT NULL THEN 'needs a person'
    WHEN k.connection IS NULL THEN 'first read'
    WHEN clock_timestamp() - c.last_pull_at > greatest(interval '1 millisecond' * c.poll_every_ms * 3, interval '5 minutes') THEN 'behind'
    ELSE 'ok'
  END AS state,
  extract(epoch FROM clock_timestamp() - c.last_pull_at)::bigint AS lag_seconds,
  c.last_pull_at, c.last_push_at, p.pending, p.oldest_pending, p.failed,
  (SELECT count(*) FROM sync.conflicts f WHERE f.connection = c.name AND f.restored_at IS NULL) AS conflicts,
  (SELECT count(*) FROM sync.unreadable u WHERE u.connection = c.name) AS unreadable,
  nullif(concat_ws(' ', c.problem,
    CASE WHEN c.paused_at IS NOT NULL THEN format('Paused: taskmirror resume %s goes on.', c.name) END,
    CASE WHEN p.failed > 0 THEN format('Changes that the API refused: %s, see reporting.sync_errors.', p.failed) END,
    (SELECT e.error FROM reporting.sync_errors e WHERE e.connection = c.name AND e.kind = 'run' AND e.stopped LIMIT 1)), '') AS needs_person,
  c.last_pull_at AS as_of
FROM sync.connections c
LEFT JOIN sync.cursors k ON k.connection = c.name
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE t.sync_state = 'pending') AS pending, min(t.pending_since) FILTER (WHERE t.sync_state = 'pending') AS oldest_pending,
    count(*) FILTER (WHERE t.sync_state = 'failed') AS failed
  FROM (
    SELECT sync_state, pending_since FROM invoiced.tasks WHERE connection = c.name AND sync_state = 'pending'
    UNION ALL
    SELECT sync_state, pending_since FROM invoiced.tasks WHERE connection = c.name AND sync_state = 'failed'
    UNION ALL
    SELECT sync_state, pending_since FROM freshbooks.tasks WHERE connection = c.name AND sync_state = 'pending'
    UNION ALL
    SELECT sync_state, pending_since FROM freshbooks.tasks WHERE connection = c.name AND sync_state = 'failed'
  ) t
) p;
--> statement-breakpoint
CREATE VIEW reporting.sync_activity AS
SELECT date_trunc('hour', r.started_at) AS hour, r.connection, r.kind, count(*) AS runs,
  count(*) FILTER (WHERE r.outcome = 'ok') AS ok, count(*) FILTER (WHERE r.outcome IN ('failed', 'stopped')) AS not_ok,
  sum(r.fetched) AS fetched, sum(r.inserted) AS inserted, sum(r.updated) AS updated, sum(r.deleted) AS deleted,
  sum(r.pushed) AS pushed, sum(r.failed) AS failed, sum(r.conflicts) AS conflicts,
  round(extract(epoch FROM sum(r.finished_at - r.started_at))::numeric, 1) AS busy_seconds, max(r.finished_at) AS as_of
FROM sync.runs r
WHERE r.started_at >= now() - interval '7 days'
GROUP BY 1, r.connection, r.kind;
--> statement-breakpoint
DO $$ BEGIN
  COMMENT ON SCHEMA reporting IS 'Answers: views for reports on the mirrored tasks, and on how the mirror fares.';

  COMMENT ON TABLE reporting.settings IS 'What today and this week mean in the views. Written by the worker at its start, from REPORTING_TIME_ZONE and REPORTING_WEEK_START.';
  COMMENT ON COLUMN reporting.settings.single IS 'True: there is one row.';
  COMMENT ON COLUMN reporting.settings.time_zone IS 'The time zone in which a day begins: America/Toronto.';
  COMMENT ON COLUMN reporting.settings.week_start IS 'The day with which a week begins: monday.';

  COMMENT ON VIEW reporting.tasks IS 'Both sources in one shape: every task, deleted and archived ones too.';
  COMMENT ON COLUMN reporting.tasks.source IS 'invoiced or freshbooks.';
  COMMENT ON COLUMN reporting.tasks.connection IS 'Which account, by its name in sync.connections.';
  COMMENT ON COLUMN reporting.tasks.row_id IS 'The task''s row in the mirror.';
  COMMENT ON COLUMN reporting.tasks.id IS 'The task''s id at the API; null while it has not been made there.';
  COMMENT ON COLUMN reporting.tasks.name IS 'What is to be done (Invoiced), or what the service is called (FreshBooks).';
  COMMENT ON COLUMN reporting.tasks.active IS 'Whether it is neither deleted nor archived.';
  COMMENT ON COLUMN reporting.tasks.vis_state IS '0 active, 1 deleted, 2 archived (FreshBooks only).';
  COMMENT ON COLUMN reporting.tasks.created IS 'When it was made at Invoiced; null for FreshBooks, which does not tell.';
  COMMENT ON COLUMN reporting.tasks.updated IS 'When it was last changed at the API, by its clock.';
  COMMENT ON COLUMN reporting.tasks.sync_state IS 'synced; pending: a local change waits; failed: the API refused it.';
  COMMENT ON COLUMN reporting.tasks.as_of IS 'How fresh: the mirror holds everything that had changed at the API by then. Null before the first read is over.';

  COMMENT ON VIEW reporting.collection_workload IS 'Invoiced tasks by user and action: what is open and what was done of late. Deleted tasks are left out.';
  COMMENT ON COLUMN reporting.collection_workload.connection IS 'Which account, by its name in sync.connections.';
  COMMENT ON COLUMN reporting.collection_workload.user_id IS 'Whose tasks; null for those of nobody.';
  COMMENT ON COLUMN reporting.collection_workload.action IS 'How: phone, letter, email, review, or what else Invoiced sends.';
  COMMENT ON COLUMN reporting.collection_workload.open IS 'Tasks that are not done.';
  COMMENT ON COLUMN reporting.collection_workload.overdue IS 'Open tasks that were due before today.';
  COMMENT ON COLUMN reporting.collection_workload.due_today IS 'Open tasks that are due today.';
  COMMENT ON COLUMN reporting.collection_workload.due_this_week IS 'Open tasks that are due in this week, its past days included.';
  COMMENT ON COLUMN reporting.collection_workload.done_last_7_days IS 'Tasks done today or in the six days before.';
  COMMENT ON COLUMN reporting.collection_workload.done_last_30_days IS 'Tasks done today or in the 29 days before.';
  COMMENT ON COLUMN reporting.collection_workload.median_days_from_due_to_done IS 'Of the tasks done in the last 30 days: half were done so many days after they were due, or earlier; below zero is before. Null where none was.';
  COMMENT ON COLUMN reporting.collection_workload.as_of IS 'How fresh: the mirror holds everything that had changed at the API by then. Null before the first read is over.';

  COMMENT ON VIEW reporting.collection_overdue IS 'Each open Invoiced task that was due before today.';
  COMMENT ON COLUMN reporting.collection_overdue.connection IS 'Which account, by its name in sync.connections.';
  COMMENT ON COLUMN reporting.collection_overdue.row_id IS 'The task''s row in the mirror.';
  COMMENT ON COLUMN reporting.collection_overdue.id IS 'The task''s id at the API; null while it has not been made there.';
  COMMENT ON COLUMN reporting.collection_overdue.name IS 'What is to be done.';
  COMMENT ON COLUMN reporting.collection_overdue.action IS 'How: phone, letter, email, review, or what else Invoiced sends.';
  COMMENT ON COLUMN reporting.collection_overdue.customer_id IS 'Invoiced''s id of the customer, or null.';
  COMMENT ON COLUMN reporting.collection_overdue.user_id IS 'Invoiced''s id of the user who is to do it, or null.';
  COMMENT ON COLUMN reporting.collection_overdue.due_date IS 'When it was due.';
  COMMENT ON COLUMN reporting.collection_overdue.days_overdue IS 'How many days ago that was, by the calendar.';
  COMMENT ON COLUMN reporting.collection_overdue.sync_state IS 'synced; pending: a local change waits; failed: the API refused it.';
  COMMENT ON COLUMN reporting.collection_overdue.as_of IS 'How fresh: the mirror holds everything that had changed at the API by then. Null before the first read is over.';

  COMMENT ON VIEW reporting.collection_by_customer IS 'Invoiced tasks by customer: what is open and what was done of late. Deleted tasks are left out.';
  COMMENT ON COLUMN reporting.collection_by_customer.connection IS 'Which account, by its name in sync.connections.';
  COMMENT ON COLUMN reporting.collection_by_customer.customer_id IS 'Invoiced''s id of the customer; null for tasks without one.';
  COMMENT ON COLUMN reporting.collection_by_customer.open IS 'Tasks that are not done.';
  COMMENT ON COLUMN reporting.collection_by_customer.overdue IS 'Open tasks that were due before today.';
  COMMENT ON COLUMN reporting.collection_by_customer.oldest_overdue IS 'When the oldest of those was due.';
  COMMENT ON COLUMN reporting.collection_by_customer.next_due IS 'When the next open task is due, from today on.';
  COMMENT ON COLUMN reporting.collection_by_customer.done_last_30_days IS 'Tasks done today or in the 29 days before.';
  COMMENT ON COLUMN reporting.collection_by_customer.last_done IS 'When the last of those was done.';
  COMMENT ON COLUMN reporting.collection_by_customer.as_of IS 'How fresh: the mirror holds everything that had changed at the API by then. Null before the first read is over.';

  COMMENT ON VIEW reporting.service_catalog IS 'The price list: active FreshBooks services.';
  COMMENT ON COLUMN reporting.service_catalog.connection IS 'Which account, by its name in sync.connections.';
  COMMENT ON COLUMN reporting.service_catalog.row_id IS 'The task''s row in the mirror.';
  COMMENT ON COLUMN reporting.service_catalog.id IS 'The task''s id at the API; null while it has not been made there.';
  COMMENT ON COLUMN reporting.service_catalog.name IS 'What the service is called on an invoice.';
  COMMENT ON COLUMN reporting.service_catalog.description IS 'A longer text; empty where there is none.';
  COMMENT ON COLUMN reporting.service_catalog.rate IS 'The price of an hour in the currency; 0 where none is set.';
  COMMENT ON COLUMN reporting.service_catalog.currency IS 'By ISO 4217: USD.';
  COMMENT ON COLUMN reporting.service_catalog.billable IS 'Whether customers are charged for it.';
  COMMENT ON COLUMN reporting.service_catalog.tax1 IS 'FreshBooks'' id of the first tax; null for none.';
  COMMENT ON COLUMN reporting.service_catalog.tax2 IS 'FreshBooks'' id of the second tax; null for none.';
  COMMENT ON COLUMN reporting.service_catalog.updated IS 'When it was last changed at FreshBooks.';
  COMMENT ON COLUMN reporting.service_catalog.sync_state IS 'synced; pending: a local change waits; failed: the API refused it.';
  COMMENT ON COLUMN reporting.service_catalog.as_of IS 'How fresh: the mirror holds everything that had changed at the API by then. Null before the first read is over.';

  COMMENT ON VIEW reporting.service_duplicates IS 'Active FreshBooks services of one account that share a name, case and blanks aside: Web design and webdesign.';
  COMMENT ON COLUMN reporting.service_duplicates.connection IS 'Which account, by its name in sync.connections.';
  COMMENT ON COLUMN reporting.service_duplicates.folded_name IS 'The name in small letters, without blanks.';
  COMMENT ON COLUMN reporting.service_duplicates.services IS 'How many share it.';
  COMMENT ON COLUMN reporting.service_duplicates.row_ids IS 'Their rows in the mirror.';
  COMMENT ON COLUMN reporting.service_duplicates.ids IS 'FreshBooks'' ids of them, in the same order; null for one that is not made there yet.';
  COMMENT ON COLUMN reporting.service_duplicates.as_of IS 'How fresh: the mirror holds everything that had changed at the API by then. Null before the first read is over.';

  COMMENT ON VIEW reporting.service_rate_changes IS 'Each change of a service''s rate since it was first seen, as far as the history is kept (KEEP_HISTORY).';
  COMMENT ON COLUMN reporting.service_rate_changes.connection IS 'Which account, by its name in sync.connections.';
  COMMENT ON COLUMN reporting.service_rate_changes.row_id IS 'The task''s row in the mirror.';
  COMMENT ON COLUMN reporting.service_rate_changes.id IS 'The task''s id at the API; null while it has not been made there.';
  COMMENT ON COLUMN reporting.service_rate_changes.name IS 'What the service was called after the change.';
  COMMENT ON COLUMN reporting.service_rate_changes.changed_at IS 'When the mirror took it over, or when it was written here.';
  COMMENT ON COLUMN reporting.service_rate_changes.from_rate IS 'The rate before.';
  COMMENT ON COLUMN reporting.service_rate_changes.from_currency IS 'Its currency.';
  COMMENT ON COLUMN reporting.service_rate_changes.to_rate IS 'The rate after.';
  COMMENT ON COLUMN reporting.service_rate_changes.to_currency IS 'Its currency.';
  COMMENT ON COLUMN reporting.service_rate_changes.difference IS 'By how much it rose, or fell (below zero); null where the currency changed too.';
  COMMENT ON COLUMN reporting.service_rate_changes.changed_by IS 'api: at FreshBooks, or by FreshBooks (rounded, say); local: by SQL here.';
  COMMENT ON COLUMN reporting.service_rate_changes.changed_by_user IS 'The database user who did; null for the API.';
  COMMENT ON COLUMN reporting.service_rate_changes.as_of IS 'How fresh: the mirror holds everything that had changed at the API by then. Null before the first read is over.';

  COMMENT ON VIEW reporting.sync_errors IS 'What went wrong and still is: changes that the API refused, tasks that can not be read, connections that need a person, and the last run of each kind where it failed or was stopped.';
  COMMENT ON COLUMN reporting.sync_errors.kind IS 'row, unreadable task, connection or run.';
  COMMENT ON COLUMN reporting.sync_errors.source IS 'invoiced or freshbooks.';
  COMMENT ON COLUMN reporting.sync_errors.connection IS 'Which account, by its name in sync.connections.';
  COMMENT ON COLUMN reporting.sync_errors.row_id IS 'The row in the mirror, for a row.';
  COMMENT ON COLUMN reporting.sync_errors.task_id IS 'The task''s id at the API, as the API wrote it.';
  COMMENT ON COLUMN reporting.sync_errors.name IS 'The task''s name, or the kind of the run.';
  COMMENT ON COLUMN reporting.sync_errors.error IS 'What went wrong: for a row, in the API''s own words.';
  COMMENT ON COLUMN reporting.sync_errors.since IS 'Since when; null where that is not known.';
  COMMENT ON COLUMN reporting.sync_errors.stopped IS 'Whether it is a run that DELETE_LIMIT stopped: it waits for taskmirror resync --force.';

  COMMENT ON VIEW reporting.sync_health IS 'One row for each connection: how it fares, and what needs a person.';
  COMMENT ON COLUMN reporting.sync_health.connection IS 'Which account, by its name in sync.connections.';
  COMMENT ON COLUMN reporting.sync_health.source IS 'invoiced or freshbooks.';
  COMMENT ON COLUMN reporting.sync_health.state IS 'ok, behind (no good pull for five minutes or three intervals), first read, paused, or needs a person.';
  COMMENT ON COLUMN reporting.sync_health.lag_seconds IS 'Seconds since the start of the last good pull.';
  COMMENT ON COLUMN reporting.sync_health.last_pull_at IS 'When the last good pull began.';
  COMMENT ON COLUMN reporting.sync_health.last_push_at IS 'When the last good push began.';
  COMMENT ON COLUMN reporting.sync_health.pending IS 'Local changes that wait to be sent.';
  COMMENT ON COLUMN reporting.sync_health.oldest_pending IS 'Since when the oldest of them waits.';
  COMMENT ON COLUMN reporting.sync_health.failed IS 'Local changes that the API refused.';
  COMMENT ON COLUMN reporting.sync_health.conflicts IS 'Overruled values that were not put back.';
  COMMENT ON COLUMN reporting.sync_health.unreadable IS 'Tasks that the API sends and that can not be mirrored.';
  COMMENT ON COLUMN reporting.sync_health.needs_person IS 'What a person must do; null for nothing.';
  COMMENT ON COLUMN reporting.sync_health.as_of IS 'How fresh: the mirror holds everything that had changed at the API by then. Null before the first read is over.';

  COMMENT ON VIEW reporting.sync_activity IS 'Runs of the last seven days, by hour, connection and kind.';
  COMMENT ON COLUMN reporting.sync_activity.hour IS 'When the hour began.';
  COMMENT ON COLUMN reporting.sync_activity.connection IS 'Which account, by its name in sync.connections.';
  COMMENT ON COLUMN reporting.sync_activity.kind IS 'poll, read, sweep, resync, push or verify.';
  COMMENT ON COLUMN reporting.sync_activity.runs IS 'How many began.';
  COMMENT ON COLUMN reporting.sync_activity.ok IS 'How many ended well.';
  COMMENT ON COLUMN reporting.sync_activity.not_ok IS 'How many failed, or were stopped.';
  COMMENT ON COLUMN reporting.sync_activity.fetched IS 'Tasks read from the API.';
  COMMENT ON COLUMN reporting.sync_activity.inserted IS 'Tasks that were new to the mirror.';
  COMMENT ON COLUMN reporting.sync_activity.updated IS 'Rows that were changed.';
  COMMENT ON COLUMN reporting.sync_activity.deleted IS 'Rows that were marked deleted.';
  COMMENT ON COLUMN reporting.sync_activity.pushed IS 'Local changes that were made at the API.';
  COMMENT ON COLUMN reporting.sync_activity.failed IS 'Tasks that could not be mirrored, or changes that were refused.';
  COMMENT ON COLUMN reporting.sync_activity.conflicts IS 'Values that were overruled.';
  COMMENT ON COLUMN reporting.sync_activity.busy_seconds IS 'How long they took in all.';
  COMMENT ON COLUMN reporting.sync_activity.as_of IS 'When the last of them ended.';
END $$;
