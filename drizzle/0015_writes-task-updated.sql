ALTER TABLE "sync"."writes" ADD COLUMN "task_updated_at" timestamp with time zone;--> statement-breakpoint
COMMENT ON COLUMN sync.writes.task_updated_at IS 'When the API had said the task was last changed, by its own clock, before this was sent; null for creates, and where it is not known.';
