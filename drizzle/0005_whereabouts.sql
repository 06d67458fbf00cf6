DO $$ BEGIN
  COMMENT ON COLUMN sync.connections.origin IS 'Who set it up: environment, or command (taskmirror connections add).';
  COMMENT ON COLUMN sync.connections.address IS 'The API''s address as the command set it; null where the environment does.';
  COMMENT ON COLUMN sync.connections.account_id IS 'FreshBooks'' account id as the command set it; null before one was chosen, for Invoiced, and where the environment sets it.';
  COMMENT ON COLUMN sync.connections.pause_reason IS 'Why taskmirror itself paused it (a restored database); null where a person did, or nobody.';
  COMMENT ON COLUMN sync.connections.credential_id IS 'Its secret in sync.credentials; null where the environment alone has it.';

  COMMENT ON TABLE sync.credentials IS 'OAuth tokens, one row for each API user, shared by that user''s connections, and API keys; encrypted. Not for the reader role.';
  COMMENT ON COLUMN sync.credentials.source IS 'Which API: freshbooks or invoiced.';
  COMMENT ON COLUMN sync.credentials.client_id IS 'The OAuth application that the consent was given to; empty for an API key.';
  COMMENT ON COLUMN sync.credentials.sealed IS 'The tokens or the API key as JSON, encrypted with CREDENTIALS_KEY (AES-256-GCM).';
  COMMENT ON COLUMN sync.credentials.redirect_uri IS 'The redirect address of that application; null where the environment names the application.';
  COMMENT ON COLUMN sync.credentials.sealed_client_secret IS 'The secret of that application, encrypted like the tokens; null where the environment has it.';

  COMMENT ON TABLE sync.removed_connections IS 'Connections that were removed while their rows stay readable. Nothing is read or sent for these rows.';
  COMMENT ON COLUMN sync.removed_connections.name IS 'Its name, as in the column connection of its rows.';
  COMMENT ON COLUMN sync.removed_connections.source IS 'Which API: invoiced or freshbooks.';
  COMMENT ON COLUMN sync.removed_connections.account IS 'Whose it was, as in sync.connections.account.';
  COMMENT ON COLUMN sync.removed_connections.removed_at IS 'When it was removed.';

  COMMENT ON TABLE sync.home IS 'Where this database lives. A copy of it finds itself elsewhere, and pauses every connection.';
  COMMENT ON COLUMN sync.home.only IS 'There is one row.';
  COMMENT ON COLUMN sync.home.whereabouts IS 'What sync.whereabouts() gave when a worker was last sure to be at home.';
  COMMENT ON COLUMN sync.home.noted_at IS 'When that was.';
END $$;
--> statement-breakpoint
-- What a copy does not share with its original: a dump that is restored makes the table anew, mostly in another database, often
-- on another server; recovery to a point in time, and the promotion of a replica, begin another timeline. A restart changes none
-- of these. What a server does not tell (a managed one may keep back some) is left out, and then not compared.
CREATE FUNCTION sync.whereabouts() RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog
AS $$
DECLARE
  found jsonb := jsonb_build_object(
    'database', (SELECT d.oid::text FROM pg_database d WHERE d.datname = current_database()),
    'table', 'sync.home'::regclass::oid::text
  );
BEGIN
  BEGIN
    found := found || jsonb_build_object('server', (SELECT c.system_identifier::text FROM pg_control_system() c));
  EXCEPTION WHEN OTHERS THEN
    NULL;
  END;
  BEGIN
    found := found || jsonb_build_object('timeline', left(pg_walfile_name(pg_current_wal_lsn()), 8));
  EXCEPTION WHEN OTHERS THEN
    NULL;
  END;
  RETURN found;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.whereabouts() IS 'Server, database, table and timeline that this database finds itself in, as far as the server tells.';
--> statement-breakpoint
CREATE FUNCTION sync.strayed() RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog
AS $$
  SELECT array_agg(was.key ORDER BY was.key)
  FROM sync.home h, jsonb_each(h.whereabouts) was JOIN jsonb_each(sync.whereabouts()) now USING (key)
  WHERE was.value <> now.value
$$;
--> statement-breakpoint
COMMENT ON FUNCTION sync.strayed() IS 'Which of its whereabouts are not those in sync.home: a copy of the database. Null at home, and before the first start.';
