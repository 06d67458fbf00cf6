CREATE SCHEMA IF NOT EXISTS "sync";
--> statement-breakpoint
CREATE SCHEMA "freshbooks";
--> statement-breakpoint
CREATE SCHEMA "invoiced";
--> statement-breakpoint
CREATE SEQUENCE "sync"."row_ids" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "sync"."conflicts" (
	"conflict_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sync"."conflicts_conflict_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"connection" text NOT NULL,
	"row_id" bigint NOT NULL,
	"run_id" bigint,
	"field" text NOT NULL,
	"base" jsonb,
	"local" jsonb,
	"remote" jsonb,
	"winner" text NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"restored_at" timestamp with time zone,
	CONSTRAINT "conflicts_winner" CHECK ("sync"."conflicts"."winner" in ('local', 'remote'))
);
--> statement-breakpoint
CREATE TABLE "sync"."connections" (
	"name" text PRIMARY KEY NOT NULL,
	"source" text NOT NULL,
	"account" text,
	"base_url" text,
	"key_fingerprint" text,
	"identified_at" timestamp with time zone,
	"credential_id" text,
	"poll_every_ms" bigint NOT NULL,
	"sweep_every_ms" bigint NOT NULL,
	"paused_at" timestamp with time zone,
	"last_pull_at" timestamp with time zone,
	"last_push_at" timestamp with time zone,
	"deletes_approved_at" timestamp with time zone,
	"problem" text,
	"problem_of" text,
	"added_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "connections_source" CHECK ("sync"."connections"."source" in ('invoiced', 'freshbooks'))
);
--> statement-breakpoint
CREATE TABLE "sync"."credentials" (
	"credential_id" text PRIMARY KEY NOT NULL,
	"source" text NOT NULL,
	"client_id" text NOT NULL,
	"api_user" text,
	"sealed" text NOT NULL,
	"consents" text[] NOT NULL,
	"problem" text,
	"rotated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "credentials_api_user" UNIQUE("source","client_id","api_user")
);
--> statement-breakpoint
CREATE TABLE "sync"."cursors" (
	"connection" text PRIMARY KEY NOT NULL,
	"cursor" timestamp with time zone NOT NULL,
	"walked_again" boolean DEFAULT true NOT NULL,
	"updated_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sync"."held_deletions" (
	"holder" bigint NOT NULL,
	"id" bigint NOT NULL,
	"raw" jsonb NOT NULL,
	"requested_at" timestamp with time zone NOT NULL,
	"answered_at" timestamp with time zone NOT NULL,
	"skew" double precision NOT NULL,
	CONSTRAINT "held_deletions_holder_id_pk" PRIMARY KEY("holder","id")
);
--> statement-breakpoint
CREATE TABLE "sync"."leases" (
	"connection" text NOT NULL,
	"kind" text NOT NULL,
	"run_id" bigint NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	CONSTRAINT "leases_connection_kind_pk" PRIMARY KEY("connection","kind")
);
--> statement-breakpoint
CREATE TABLE "sync"."retired_ids" (
	"connection" text NOT NULL,
	"id" bigint NOT NULL,
	"row_id" bigint NOT NULL,
	"retired_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "retired_ids_connection_id_pk" PRIMARY KEY("connection","id")
);
--> statement-breakpoint
CREATE TABLE "sync"."runs" (
	"run_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sync"."runs_run_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"connection" text NOT NULL,
	"kind" text NOT NULL,
	"lease" text NOT NULL,
	"request" text,
	"started_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"finished_at" timestamp with time zone,
	"outcome" text,
	"pages" integer DEFAULT 0 NOT NULL,
	"fetched" integer DEFAULT 0 NOT NULL,
	"inserted" integer DEFAULT 0 NOT NULL,
	"updated" integer DEFAULT 0 NOT NULL,
	"unchanged" integer DEFAULT 0 NOT NULL,
	"deleted" integer DEFAULT 0 NOT NULL,
	"pushed" integer DEFAULT 0 NOT NULL,
	"failed" integer DEFAULT 0 NOT NULL,
	"conflicts" integer DEFAULT 0 NOT NULL,
	"total" integer,
	"error" text,
	CONSTRAINT "runs_kind" CHECK ("sync"."runs"."kind" in ('poll', 'read', 'sweep', 'resync', 'push', 'verify')),
	CONSTRAINT "runs_lease" CHECK ("sync"."runs"."lease" in ('poll', 'walk', 'push')),
	CONSTRAINT "runs_outcome" CHECK ("sync"."runs"."outcome" in ('ok', 'failed', 'stopped', 'interrupted'))
);
--> statement-breakpoint
CREATE TABLE "sync"."unreadable" (
	"connection" text NOT NULL,
	"task_id" text NOT NULL,
	"reason" text NOT NULL,
	"first_seen_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "unreadable_connection_task_id_pk" PRIMARY KEY("connection","task_id")
);
--> statement-breakpoint
CREATE TABLE "sync"."walk_pages" (
	"walk_id" bigint NOT NULL,
	"batch" integer NOT NULL,
	"ids" bigint[] NOT NULL,
	CONSTRAINT "walk_pages_walk_id_batch_pk" PRIMARY KEY("walk_id","batch")
);
--> statement-breakpoint
CREATE TABLE "sync"."walks" (
	"connection" text PRIMARY KEY NOT NULL,
	"walk_id" bigint NOT NULL,
	"run_id" bigint NOT NULL,
	"kind" text NOT NULL,
	"request" text,
	"force" boolean NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"position" jsonb,
	"batches" integer DEFAULT 0 NOT NULL,
	"attempts" integer DEFAULT 1 NOT NULL,
	"passed_over" integer DEFAULT 0 NOT NULL,
	"yielded" boolean DEFAULT false NOT NULL,
	"updated_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sync"."writes" (
	"write_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sync"."writes_write_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"connection" text NOT NULL,
	"row_id" bigint NOT NULL,
	"run_id" bigint,
	"method" text NOT NULL,
	"path" text NOT NULL,
	"sent" jsonb,
	"idempotency_key" text,
	"status" integer,
	"outcome" text,
	"sent_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"answered_at" timestamp with time zone,
	"settled_at" timestamp with time zone,
	"decision" text,
	"adopt_id" bigint,
	CONSTRAINT "writes_decision" CHECK ("sync"."writes"."decision" in ('adopt', 'create')),
	CONSTRAINT "writes_outcome" CHECK ("sync"."writes"."outcome" in ('ok', 'refused', 'unknown'))
);
--> statement-breakpoint
CREATE TABLE "freshbooks"."tasks" (
	"row_id" bigint PRIMARY KEY NOT NULL,
	"connection" text DEFAULT 'freshbooks' NOT NULL,
	"id" bigint,
	"vis_state" smallint DEFAULT 0 NOT NULL,
	"raw" jsonb,
	"sync_state" text DEFAULT 'synced' NOT NULL,
	"sync_error" text,
	"synced_at" timestamp with time zone,
	"first_seen_at" timestamp with time zone,
	"edited_at" timestamp with time zone,
	"pending_since" timestamp with time zone,
	"push_attempts" smallint DEFAULT 0 NOT NULL,
	"push_after" timestamp with time zone,
	"name" text,
	"description" text DEFAULT '',
	"rate_amount" numeric,
	"rate_code" text,
	"billable" boolean DEFAULT true,
	"tax1" bigint DEFAULT 0,
	"tax2" bigint DEFAULT 0,
	"updated_at" timestamp with time zone,
	CONSTRAINT "tasks_connection_id" UNIQUE("connection","id"),
	CONSTRAINT "tasks_vis_state" CHECK ("freshbooks"."tasks"."vis_state" in (0, 1, 2)),
	CONSTRAINT "tasks_sync_state" CHECK ("freshbooks"."tasks"."sync_state" in ('synced', 'pending', 'failed')),
	CONSTRAINT "tasks_rate_amount_range" CHECK (abs("freshbooks"."tasks"."rate_amount") < 1e40),
	CONSTRAINT "tasks_ids_exact" CHECK ("freshbooks"."tasks"."id" between -9007199254740991 and 9007199254740991 and "freshbooks"."tasks"."tax1" between -9007199254740991 and 9007199254740991 and "freshbooks"."tasks"."tax2" between -9007199254740991 and 9007199254740991)
);
--> statement-breakpoint
CREATE TABLE "invoiced"."tasks" (
	"row_id" bigint PRIMARY KEY NOT NULL,
	"connection" text DEFAULT 'invoiced' NOT NULL,
	"id" bigint,
	"vis_state" smallint DEFAULT 0 NOT NULL,
	"raw" jsonb,
	"sync_state" text DEFAULT 'synced' NOT NULL,
	"sync_error" text,
	"synced_at" timestamp with time zone,
	"first_seen_at" timestamp with time zone,
	"edited_at" timestamp with time zone,
	"pending_since" timestamp with time zone,
	"push_attempts" smallint DEFAULT 0 NOT NULL,
	"push_after" timestamp with time zone,
	"name" text,
	"action" text,
	"customer_id" bigint,
	"user_id" bigint,
	"due_date" timestamp with time zone,
	"complete" boolean DEFAULT false,
	"completed_by_user_id" bigint,
	"completed_date" timestamp with time zone,
	"chase_step_id" bigint,
	"created_at" timestamp with time zone,
	"updated_at" timestamp with time zone,
	CONSTRAINT "tasks_connection_id" UNIQUE("connection","id"),
	CONSTRAINT "tasks_vis_state" CHECK ("invoiced"."tasks"."vis_state" in (0, 1)),
	CONSTRAINT "tasks_sync_state" CHECK ("invoiced"."tasks"."sync_state" in ('synced', 'pending', 'failed')),
	CONSTRAINT "tasks_due_date_range" CHECK ("invoiced"."tasks"."due_date" between '0001-01-01Z' and '9999-12-31 23:59:59Z'),
	CONSTRAINT "tasks_ids_exact" CHECK ("invoiced"."tasks"."id" between -9007199254740991 and 9007199254740991 and "invoiced"."tasks"."customer_id" between -9007199254740991 and 9007199254740991 and "invoiced"."tasks"."user_id" between -9007199254740991 and 9007199254740991 and "invoiced"."tasks"."completed_by_user_id" between -9007199254740991 and 9007199254740991 and "invoiced"."tasks"."chase_step_id" between -9007199254740991 and 9007199254740991)
);
--> statement-breakpoint
ALTER TABLE "sync"."connections" ADD CONSTRAINT "connections_credential_id_credentials_credential_id_fk" FOREIGN KEY ("credential_id") REFERENCES "sync"."credentials"("credential_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "conflicts_by_row" ON "sync"."conflicts" USING btree ("row_id");--> statement-breakpoint
CREATE INDEX "conflicts_by_time" ON "sync"."conflicts" USING btree ("connection","created_at");--> statement-breakpoint
CREATE INDEX "runs_by_connection" ON "sync"."runs" USING btree ("connection","lease","run_id");--> statement-breakpoint
CREATE INDEX "runs_open" ON "sync"."runs" USING btree ("connection") WHERE "sync"."runs"."finished_at" is null;--> statement-breakpoint
CREATE INDEX "runs_by_request" ON "sync"."runs" USING btree ("request") WHERE "sync"."runs"."request" is not null;--> statement-breakpoint
CREATE INDEX "writes_by_row" ON "sync"."writes" USING btree ("row_id","write_id");--> statement-breakpoint
CREATE INDEX "writes_unsettled" ON "sync"."writes" USING btree ("row_id") WHERE "sync"."writes"."settled_at" is null;--> statement-breakpoint
CREATE INDEX "tasks_active_by_name" ON "freshbooks"."tasks" USING btree ("name") WHERE "freshbooks"."tasks"."vis_state" = 0;--> statement-breakpoint
CREATE INDEX "tasks_by_update" ON "freshbooks"."tasks" USING btree ("updated_at");--> statement-breakpoint
CREATE INDEX "tasks_pending" ON "freshbooks"."tasks" USING btree ("connection","pending_since","row_id") WHERE "freshbooks"."tasks"."sync_state" = 'pending';--> statement-breakpoint
CREATE INDEX "tasks_failed" ON "freshbooks"."tasks" USING btree ("connection","row_id") WHERE "freshbooks"."tasks"."sync_state" = 'failed';--> statement-breakpoint
CREATE INDEX "tasks_open_by_user" ON "invoiced"."tasks" USING btree ("user_id","due_date") WHERE "invoiced"."tasks"."vis_state" = 0 and not "invoiced"."tasks"."complete";--> statement-breakpoint
CREATE INDEX "tasks_by_customer" ON "invoiced"."tasks" USING btree ("customer_id");--> statement-breakpoint
CREATE INDEX "tasks_by_update" ON "invoiced"."tasks" USING btree ("updated_at");--> statement-breakpoint
CREATE INDEX "tasks_pending" ON "invoiced"."tasks" USING btree ("connection","pending_since","row_id") WHERE "invoiced"."tasks"."sync_state" = 'pending';--> statement-breakpoint
CREATE INDEX "tasks_failed" ON "invoiced"."tasks" USING btree ("connection","row_id") WHERE "invoiced"."tasks"."sync_state" = 'failed';