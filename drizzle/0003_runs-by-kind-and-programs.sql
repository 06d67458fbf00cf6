DROP INDEX "sync"."runs_by_connection";--> statement-breakpoint
CREATE INDEX "runs_by_kind" ON "sync"."runs" USING btree ("connection","kind","run_id");--> statement-breakpoint
-- The migrator's own table: it names the columns that it writes, so one more does not disturb it.
ALTER TABLE sync.migrations ADD COLUMN program text;
--> statement-breakpoint
COMMENT ON COLUMN sync.migrations.program IS 'The version of taskmirror that applied it, for one that is older and must refuse; null where an older one did.';
