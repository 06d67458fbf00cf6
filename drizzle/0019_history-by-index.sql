-- Each row's last version is looked up while the statement adds to that table. Planned as it stood before, with no row in it as its statistics
-- say (after a VACUUM, a restore, or once all that it held was too old), it was read whole for each row.
ALTER FUNCTION sync.record_versions() SET enable_seqscan = off;
