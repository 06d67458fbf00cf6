-- A walk that loses these begins again; without the log they cost next to nothing.
ALTER TABLE sync.walk_pages SET UNLOGGED;
--> statement-breakpoint
ALTER TABLE sync.held_deletions SET UNLOGGED;
--> statement-breakpoint
DO $$ BEGIN
  COMMENT ON SCHEMA invoiced IS 'Tasks in Invoiced: collection to-dos for customers. Kept equal with the API by taskmirror.';

  COMMENT ON TABLE invoiced.tasks IS 'The tasks of every connected Invoiced account, one row each; deleted ones stay with vis_state 1. An INSERT, UPDATE or DELETE here is made at the API too.';
  COMMENT ON COLUMN invoiced.tasks.row_id IS 'Identity in this mirror: unique over all sources, never reused. Given by the database.';
  COMMENT ON COLUMN invoiced.tasks.connection IS 'Which account, by its name in sync.connections. Set on INSERT (default invoiced), never changed.';
  COMMENT ON COLUMN invoiced.tasks.id IS 'The task''s id at Invoiced, unique for each connection; null until a local insert has been pushed. Written by the worker only.';
  COMMENT ON COLUMN invoiced.tasks.vis_state IS '0 active, 1 deleted. Setting 1 deletes at the API, as DELETE does; setting 0 again makes the task anew there, under a new id.';
  COMMENT ON COLUMN invoiced.tasks.raw IS 'The task as the API last gave it, keys unknown to us included; what local and remote edits are compared with. Null while the API has no such task. Written by the worker only.';
  COMMENT ON COLUMN invoiced.tasks.sync_state IS 'synced; pending: a local change waits to be sent; failed: the API refused it, see sync_error. Setting pending on a failed row tries again.';
  COMMENT ON COLUMN invoiced.tasks.sync_error IS 'Why the API refused the last change, in its own words; null unless sync_state is failed. Written by the worker.';
  COMMENT ON COLUMN invoiced.tasks.synced_at IS 'When the API''s answer arrived that this row was last written from. A poll that finds the row unchanged does not touch it.';
  COMMENT ON COLUMN invoiced.tasks.first_seen_at IS 'When the API first showed this task to the mirror; null for a row that was inserted here. Written by the worker.';
  COMMENT ON COLUMN invoiced.tasks.edited_at IS 'When somebody last changed a writable column here; null once the change has reached the API.';
  COMMENT ON COLUMN invoiced.tasks.pending_since IS 'When the first of the local changes was made that wait to be sent; null while none does. Written by the database.';
  COMMENT ON COLUMN invoiced.tasks.push_attempts IS 'How many times sending was tried in vain since the last local change. Written by the worker.';
  COMMENT ON COLUMN invoiced.tasks.push_after IS 'Not sent again before this time, after an attempt in vain; null for at once. Written by the worker.';
  COMMENT ON COLUMN invoiced.tasks.name IS 'What is to be done: "Call customer". Writable.';
  COMMENT ON COLUMN invoiced.tasks.action IS 'How: phone, letter, email or review. The API also sends others, such as approve_bill. Writable.';
  COMMENT ON COLUMN invoiced.tasks.customer_id IS 'Invoiced''s id of the customer that the task is about, or null. Writable.';
  COMMENT ON COLUMN invoiced.tasks.user_id IS 'Invoiced''s id of the user who is to do it, or null. Writable.';
  COMMENT ON COLUMN invoiced.tasks.due_date IS 'When it is due; whole seconds at the API. Writable.';
  COMMENT ON COLUMN invoiced.tasks.complete IS 'Whether it is done. Writable.';
  COMMENT ON COLUMN invoiced.tasks.completed_by_user_id IS 'Invoiced''s id of the user who did it; may stay when a task is reopened, so look at complete. Writable.';
  COMMENT ON COLUMN invoiced.tasks.completed_date IS 'When it was marked done, set by Invoiced; may stay when a task is reopened, so look at complete. Read-only.';
  COMMENT ON COLUMN invoiced.tasks.chase_step_id IS 'Invoiced''s id of the chasing step that made the task; null where a person did. Read-only.';
  COMMENT ON COLUMN invoiced.tasks.created_at IS 'When it was made at Invoiced, by the API''s clock. Read-only.';
  COMMENT ON COLUMN invoiced.tasks.updated_at IS 'When it was last changed at Invoiced, by the API''s clock. Read-only.';
END $$;
--> statement-breakpoint
DO $$ BEGIN
  COMMENT ON SCHEMA freshbooks IS 'Tasks in FreshBooks: billable services. Kept equal with the API by taskmirror.';

  COMMENT ON TABLE freshbooks.tasks IS 'The tasks of every connected FreshBooks account, one row each; deleted ones stay with vis_state 1. An INSERT, UPDATE or DELETE here is made at the API too.';
  COMMENT ON COLUMN freshbooks.tasks.row_id IS 'Identity in this mirror: unique over all sources, never reused. Given by the database.';
  COMMENT ON COLUMN freshbooks.tasks.connection IS 'Which account, by its name in sync.connections. Set on INSERT (default freshbooks), never changed.';
  COMMENT ON COLUMN freshbooks.tasks.id IS 'The task''s id at FreshBooks, unique for each connection; null until a local insert has been pushed. Written by the worker only.';
  COMMENT ON COLUMN freshbooks.tasks.vis_state IS '0 active, 1 deleted, 2 archived. Setting 1 deletes at the API, as DELETE does; setting 0 restores.';
  COMMENT ON COLUMN freshbooks.tasks.raw IS 'The task as the API last gave it, keys unknown to us included; what local and remote edits are compared with. Null while the API has no such task. Written by the worker only.';
  COMMENT ON COLUMN freshbooks.tasks.sync_state IS 'synced; pending: a local change waits to be sent; failed: the API refused it, see sync_error. Setting pending on a failed row tries again.';
  COMMENT ON COLUMN freshbooks.tasks.sync_error IS 'Why the API refused the last change, in its own words; null unless sync_state is failed. Written by the worker.';
  COMMENT ON COLUMN freshbooks.tasks.synced_at IS 'When the API''s answer arrived that this row was last written from. A poll that finds the row unchanged does not touch it.';
  COMMENT ON COLUMN freshbooks.tasks.first_seen_at IS 'When the API first showed this task to the mirror; null for a row that was inserted here. FreshBooks has no creation time. Written by the worker.';
  COMMENT ON COLUMN freshbooks.tasks.edited_at IS 'When somebody last changed a writable column here; null once the change has reached the API.';
  COMMENT ON COLUMN freshbooks.tasks.pending_since IS 'When the first of the local changes was made that wait to be sent; null while none does. Written by the database.';
  COMMENT ON COLUMN freshbooks.tasks.push_attempts IS 'How many times sending was tried in vain since the last local change. Written by the worker.';
  COMMENT ON COLUMN freshbooks.tasks.push_after IS 'Not sent again before this time, after an attempt in vain; null for at once. Written by the worker.';
  COMMENT ON COLUMN freshbooks.tasks.name IS 'What the service is called on an invoice. Writable.';
  COMMENT ON COLUMN freshbooks.tasks.description IS 'A longer text; empty, not null, where there is none. Writable.';
  COMMENT ON COLUMN freshbooks.tasks.rate_amount IS 'The price of an hour, in the currency rate_code; two decimals at the API, 0 where none is set. Writable; one field together with rate_code.';
  COMMENT ON COLUMN freshbooks.tasks.rate_code IS 'The currency of rate_amount by ISO 4217: USD. Writable; one field together with rate_amount.';
  COMMENT ON COLUMN freshbooks.tasks.billable IS 'Whether customers are charged for it. Writable.';
  COMMENT ON COLUMN freshbooks.tasks.tax1 IS 'FreshBooks'' id of the first tax on it; 0 for none. Writable.';
  COMMENT ON COLUMN freshbooks.tasks.tax2 IS 'FreshBooks'' id of the second tax on it; 0 for none. Writable.';
  COMMENT ON COLUMN freshbooks.tasks.updated_at IS 'When it was last changed at FreshBooks, to the second; in the hour that November repeats, the earlier reading. Read-only.';
END $$;
--> statement-breakpoint
DO $$ BEGIN
  COMMENT ON SCHEMA sync IS 'Bookkeeping of taskmirror: accounts, runs, writes, conflicts. Written by the worker only.';
  COMMENT ON SEQUENCE sync.row_ids IS 'Gives row_id to the tasks of all sources.';

  COMMENT ON TABLE sync.connections IS 'The accounts that are mirrored, and how they fare.';
  COMMENT ON COLUMN sync.connections.name IS 'The account''s name, as in the column connection of every other table.';
  COMMENT ON COLUMN sync.connections.source IS 'Which API: invoiced or freshbooks.';
  COMMENT ON COLUMN sync.connections.account IS 'Whose it was found to be: FreshBooks'' account id; for Invoiced, the fingerprint of its key. Null before the first answer.';
  COMMENT ON COLUMN sync.connections.base_url IS 'The API''s address when the account was last recognised.';
  COMMENT ON COLUMN sync.connections.key_fingerprint IS 'The beginning of a SHA-256 hash of what names the account (Invoiced''s API key, FreshBooks'' account id), to see that it changed.';
  COMMENT ON COLUMN sync.connections.identified_at IS 'When account, address and key were last found to be those of the tasks that are mirrored.';
  COMMENT ON COLUMN sync.connections.credential_id IS 'Its OAuth tokens in sync.credentials; null where the API takes a key.';
  COMMENT ON COLUMN sync.connections.poll_every_ms IS 'Milliseconds between two polls for changes, as configured.';
  COMMENT ON COLUMN sync.connections.sweep_every_ms IS 'Milliseconds between two sweeps over everything, as configured.';
  COMMENT ON COLUMN sync.connections.paused_at IS 'Since when its API traffic is stopped by a person; null while it runs.';
  COMMENT ON COLUMN sync.connections.last_pull_at IS 'When the last good pull began: the mirror holds everything that had changed at the API by then. Lag is counted from here.';
  COMMENT ON COLUMN sync.connections.last_push_at IS 'When the last good push began.';
  COMMENT ON COLUMN sync.connections.deletes_approved_at IS 'When a person last allowed more deletions at the API than DELETE_LIMIT; else null.';
  COMMENT ON COLUMN sync.connections.problem IS 'What a person must do before it works again; null while nothing is wrong.';
  COMMENT ON COLUMN sync.connections.problem_of IS 'Whether reading (pull) or sending (push) met the problem: the one that did takes it back when it goes well again.';
  COMMENT ON COLUMN sync.connections.added_at IS 'When it was first configured.';

  COMMENT ON TABLE sync.credentials IS 'OAuth tokens, encrypted: one row for each API user, shared by that user''s connections. Not for the reader role.';
  COMMENT ON COLUMN sync.credentials.credential_id IS 'Its name, to which sync.connections.credential_id points.';
  COMMENT ON COLUMN sync.credentials.source IS 'Which API: freshbooks.';
  COMMENT ON COLUMN sync.credentials.client_id IS 'The OAuth application that the consent was given to.';
  COMMENT ON COLUMN sync.credentials.api_user IS 'The API''s id of the user who gave it; null while unknown.';
  COMMENT ON COLUMN sync.credentials.sealed IS 'The tokens as JSON, encrypted with CREDENTIALS_KEY (AES-256-GCM).';
  COMMENT ON COLUMN sync.credentials.consents IS 'SHA-256 hashes of the refresh tokens that people brought, so that each is taken over once.';
  COMMENT ON COLUMN sync.credentials.problem IS 'Why the tokens no longer work, so that a person must consent again; null while they do.';
  COMMENT ON COLUMN sync.credentials.rotated_at IS 'When the tokens were last replaced, by a refresh or by a new consent.';

  COMMENT ON TABLE sync.cursors IS 'Where each connection''s next poll begins. No row before its first read is over.';
  COMMENT ON COLUMN sync.cursors.connection IS 'Which account.';
  COMMENT ON COLUMN sync.cursors.cursor IS 'Every change up to here is in the mirror; the next poll asks from here, less an overlap.';
  COMMENT ON COLUMN sync.cursors.walked_again IS 'Whether what changed up to here was read twice, as is done where it filled more than a page: rows move from page to page meanwhile.';
  COMMENT ON COLUMN sync.cursors.updated_at IS 'When the cursor was last moved.';

  COMMENT ON TABLE sync.runs IS 'Every pull, sweep and push, with its counts. One without finished_at is under way, or its process was killed and the next run closes it.';
  COMMENT ON COLUMN sync.runs.run_id IS 'Identity, in order of beginning.';
  COMMENT ON COLUMN sync.runs.connection IS 'Which account.';
  COMMENT ON COLUMN sync.runs.kind IS 'poll: what changed; read: the first read of everything; sweep: everything, by schedule; resync: asked for by a person; push: local changes to the API; verify: compares only.';
  COMMENT ON COLUMN sync.runs.lease IS 'Which of the connection''s leases it ran under: poll, walk or push.';
  COMMENT ON COLUMN sync.runs.request IS 'The request of a person that it answers; null where it was scheduled.';
  COMMENT ON COLUMN sync.runs.started_at IS 'When it began.';
  COMMENT ON COLUMN sync.runs.finished_at IS 'When it ended; null until then.';
  COMMENT ON COLUMN sync.runs.outcome IS 'ok; failed, see error; stopped by DELETE_LIMIT before it deleted anything; interrupted: its process ended or lost the lease. Null while under way.';
  COMMENT ON COLUMN sync.runs.pages IS 'Pages read from the API.';
  COMMENT ON COLUMN sync.runs.fetched IS 'Tasks read from the API.';
  COMMENT ON COLUMN sync.runs.inserted IS 'Tasks that were new to the mirror.';
  COMMENT ON COLUMN sync.runs.updated IS 'Rows that were changed in the mirror.';
  COMMENT ON COLUMN sync.runs.unchanged IS 'Tasks that the mirror held already just so; they cost no write.';
  COMMENT ON COLUMN sync.runs.deleted IS 'Rows that were marked deleted in the mirror.';
  COMMENT ON COLUMN sync.runs.pushed IS 'Local changes that were made at the API.';
  COMMENT ON COLUMN sync.runs.failed IS 'Tasks that could not be mirrored (see sync.unreadable), or local changes that the API refused.';
  COMMENT ON COLUMN sync.runs.conflicts IS 'Field values that were overruled, see sync.conflicts.';
  COMMENT ON COLUMN sync.runs.total IS 'How many tasks there are to read in all, where the API tells; for progress only.';
  COMMENT ON COLUMN sync.runs.error IS 'What went wrong, or what was left for the next run; else null.';

  COMMENT ON TABLE sync.writes IS 'Each call that was to change something at an API, saved before it was made.';
  COMMENT ON COLUMN sync.writes.write_id IS 'Identity, in order of sending.';
  COMMENT ON COLUMN sync.writes.connection IS 'Which account.';
  COMMENT ON COLUMN sync.writes.row_id IS 'The task''s row in the mirror.';
  COMMENT ON COLUMN sync.writes.run_id IS 'The run that made it, in sync.runs; null where a person made it.';
  COMMENT ON COLUMN sync.writes.method IS 'The HTTP method: POST, PUT, PATCH or DELETE.';
  COMMENT ON COLUMN sync.writes.path IS 'The path at the API, without the address.';
  COMMENT ON COLUMN sync.writes.sent IS 'The task''s fields that were sent; null for a call without a body.';
  COMMENT ON COLUMN sync.writes.idempotency_key IS 'The Idempotency-Key that was sent along, if any: a repetition bears the same one.';
  COMMENT ON COLUMN sync.writes.status IS 'The HTTP status of the answer; null when none came.';
  COMMENT ON COLUMN sync.writes.outcome IS 'ok: it was done; refused: the API said no, nothing was done; unknown: no answer that tells. Null while under way.';
  COMMENT ON COLUMN sync.writes.sent_at IS 'When it was saved, right before it was sent.';
  COMMENT ON COLUMN sync.writes.answered_at IS 'When the answer arrived; null when none came.';
  COMMENT ON COLUMN sync.writes.settled_at IS 'When its effect was taken over into the row, or it was found to have none; null while what it sent may yet turn up at the API.';
  COMMENT ON COLUMN sync.writes.decision IS 'What a person decided of a create of unknown outcome: adopt the task adopt_id, or create it again. Else null.';
  COMMENT ON COLUMN sync.writes.adopt_id IS 'The id at the API of the task that a person said this create had made; else null.';

  COMMENT ON TABLE sync.conflicts IS 'Every overruled value: both sides had changed the same field differently, and one lost. It can be restored.';
  COMMENT ON COLUMN sync.conflicts.conflict_id IS 'Identity, in order of being found.';
  COMMENT ON COLUMN sync.conflicts.connection IS 'Which account.';
  COMMENT ON COLUMN sync.conflicts.row_id IS 'The task''s row in the mirror.';
  COMMENT ON COLUMN sync.conflicts.run_id IS 'The run that found it, in sync.runs; null where a person''s command did.';
  COMMENT ON COLUMN sync.conflicts.field IS 'Which field: mostly a column''s name; rate stands for rate_amount and rate_code together.';
  COMMENT ON COLUMN sync.conflicts.base IS 'Its value before both changes, as JSON; times are seconds since 1970.';
  COMMENT ON COLUMN sync.conflicts.local IS 'Its value in the mirror, as JSON; times are seconds since 1970.';
  COMMENT ON COLUMN sync.conflicts.remote IS 'Its value at the API, as JSON; times are seconds since 1970.';
  COMMENT ON COLUMN sync.conflicts.winner IS 'Whose value was kept: local or remote. The other one is the overruled.';
  COMMENT ON COLUMN sync.conflicts.reason IS 'Why that side won.';
  COMMENT ON COLUMN sync.conflicts.created_at IS 'When it was found.';
  COMMENT ON COLUMN sync.conflicts.restored_at IS 'When a person put the overruled value back; else null.';

  COMMENT ON TABLE sync.retired_ids IS 'Ids that tasks had at the API before they were deleted for good and made anew. No page brings them back.';
  COMMENT ON COLUMN sync.retired_ids.connection IS 'Which account.';
  COMMENT ON COLUMN sync.retired_ids.id IS 'The former id at the API.';
  COMMENT ON COLUMN sync.retired_ids.row_id IS 'The row in the mirror that had it, and has another one now.';
  COMMENT ON COLUMN sync.retired_ids.retired_at IS 'When it was given up.';

  COMMENT ON TABLE sync.unreadable IS 'Tasks that an API sends and that can''t be mirrored. Each stands here until it can be read, or is gone.';
  COMMENT ON COLUMN sync.unreadable.connection IS 'Which account.';
  COMMENT ON COLUMN sync.unreadable.task_id IS 'The task''s id as the API wrote it; "without an id" for one that has none.';
  COMMENT ON COLUMN sync.unreadable.reason IS 'What can''t be read: the key, and what stood there.';
  COMMENT ON COLUMN sync.unreadable.first_seen_at IS 'When it was first met.';

  COMMENT ON TABLE sync.leases IS 'Who is at work: one run at a time for each connection and kind, over all processes.';
  COMMENT ON COLUMN sync.leases.connection IS 'Which account.';
  COMMENT ON COLUMN sync.leases.kind IS 'poll, walk (first read, sweep, full resync, verify) or push.';
  COMMENT ON COLUMN sync.leases.run_id IS 'The run that holds it, or held it last.';
  COMMENT ON COLUMN sync.leases.ends_at IS 'When it ends unless it is renewed; another run may take it after that.';

  COMMENT ON TABLE sync.walks IS 'Readings of everything that are not over: how far they are and where they go on.';
  COMMENT ON COLUMN sync.walks.connection IS 'Which account.';
  COMMENT ON COLUMN sync.walks.walk_id IS 'The id of the run that began it, under which sync.walk_pages and sync.held_deletions are kept.';
  COMMENT ON COLUMN sync.walks.run_id IS 'The run that goes on with it now, in sync.runs.';
  COMMENT ON COLUMN sync.walks.kind IS 'read: the first read; sweep: by schedule; resync: asked for by a person; verify: compares only.';
  COMMENT ON COLUMN sync.walks.request IS 'The request of a person that it answers; null where it was scheduled.';
  COMMENT ON COLUMN sync.walks.force IS 'Whether a person allowed it to delete more than DELETE_LIMIT.';
  COMMENT ON COLUMN sync.walks.started_at IS 'When its first attempt began.';
  COMMENT ON COLUMN sync.walks.position IS 'Where it goes on, in the source''s own terms; null at the beginning, and after the last page.';
  COMMENT ON COLUMN sync.walks.batches IS 'Batches of pages that were committed; as many rows stand in sync.walk_pages.';
  COMMENT ON COLUMN sync.walks.attempts IS 'How many times it was begun or taken up after it broke off.';
  COMMENT ON COLUMN sync.walks.passed_over IS 'Rows that could not be written, since another transaction held them: another walk takes them up.';
  COMMENT ON COLUMN sync.walks.yielded IS 'Whether it waits between two slices, rather than being at work or broken off.';
  COMMENT ON COLUMN sync.walks.updated_at IS 'When it last got on.';

  COMMENT ON TABLE sync.walk_pages IS 'Which tasks a walk has met so far: what the mirror holds beyond them may have been deleted. Unlogged: emptied by a crash of the server.';
  COMMENT ON COLUMN sync.walk_pages.walk_id IS 'The walk, in sync.walks.';
  COMMENT ON COLUMN sync.walk_pages.batch IS 'Which batch of pages, from 1.';
  COMMENT ON COLUMN sync.walk_pages.ids IS 'The ids, at the API, of the tasks on these pages.';

  COMMENT ON TABLE sync.held_deletions IS 'Deletions that the API told of, held back until it is known whether there are more than DELETE_LIMIT. Unlogged: emptied by a crash of the server.';
  COMMENT ON COLUMN sync.held_deletions.holder IS 'The poll or walk that holds them, by the id of its first run.';
  COMMENT ON COLUMN sync.held_deletions.id IS 'The task''s id at the API.';
  COMMENT ON COLUMN sync.held_deletions.raw IS 'The deleted task as the API gave it.';
  COMMENT ON COLUMN sync.held_deletions.requested_at IS 'When the answer was asked for.';
  COMMENT ON COLUMN sync.held_deletions.skew IS 'Seconds that the API''s clock was ahead of the database''s.';
  COMMENT ON COLUMN sync.held_deletions.answered_at IS 'When the answer had arrived.';

  COMMENT ON TABLE sync.migrations IS 'The migrations that this database has had.';
  COMMENT ON COLUMN sync.migrations.id IS 'Identity, in order of being applied.';
  COMMENT ON COLUMN sync.migrations.hash IS 'A hash of its SQL.';
  COMMENT ON COLUMN sync.migrations.created_at IS 'When it was written, in milliseconds since 1970: its name, by which a program knows it.';
END $$;
--> statement-breakpoint
-- Roles belong to the server, not to the database: a restored dump, or a server where another database made them, may
-- lack what an earlier migration granted here. So what is missing is looked up in the catalogues, and made up for after
-- every migration; later tables and views need no grants of their own.
CREATE FUNCTION sync.role_statements() RETURNS TABLE (role text, statement text)
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
        THEN ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'] ELSE ARRAY['SELECT'] END
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
--> statement-breakpoint
COMMENT ON FUNCTION sync.role_statements() IS 'What is missing for taskmirror_reader (reads all but sync.credentials) and taskmirror_writer (also changes tasks), as statements: taskmirror migrate runs them, or prints those that only an administrator may run.';
