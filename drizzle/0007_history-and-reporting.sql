CREATE SCHEMA "reporting";
--> statement-breakpoint
CREATE TABLE "freshbooks"."task_versions" (
	"version_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "freshbooks"."task_versions_version_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"row_id" bigint NOT NULL,
	"connection" text NOT NULL,
	"id" bigint,
	"valid_from" timestamp with time zone,
	"valid_to" timestamp with time zone NOT NULL,
	"changed" text[],
	"changed_by" text,
	"changed_by_user" text,
	"ended_changed" text[],
	"ended_by" text NOT NULL,
	"ended_by_user" text,
	"vis_state" smallint,
	"name" text,
	"description" text,
	"rate_amount" numeric,
	"rate_code" text,
	"billable" boolean,
	"tax1" bigint,
	"tax2" bigint,
	"updated_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "invoiced"."task_versions" (
	"version_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "invoiced"."task_versions_version_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"row_id" bigint NOT NULL,
	"connection" text NOT NULL,
	"id" bigint,
	"valid_from" timestamp with time zone,
	"valid_to" timestamp with time zone NOT NULL,
	"changed" text[],
	"changed_by" text,
	"changed_by_user" text,
	"ended_changed" text[],
	"ended_by" text NOT NULL,
	"ended_by_user" text,
	"vis_state" smallint,
	"name" text,
	"action" text,
	"customer_id" bigint,
	"user_id" bigint,
	"due_date" timestamp with time zone,
	"complete" boolean,
	"completed_by_user_id" bigint,
	"completed_date" timestamp with time zone,
	"chase_step_id" bigint,
	"created_at" timestamp with time zone,
	"updated_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "reporting"."settings" (
	"single" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"time_zone" text DEFAULT 'UTC' NOT NULL,
	"week_start" text DEFAULT 'monday' NOT NULL,
	CONSTRAINT "settings_single" CHECK ("reporting"."settings"."single"),
	CONSTRAINT "settings_week_start" CHECK ("reporting"."settings"."week_start" in ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'))
);
--> statement-breakpoint
DROP INDEX "freshbooks"."tasks_active_by_name";--> statement-breakpoint
DROP INDEX "invoiced"."tasks_open_by_user";--> statement-breakpoint
CREATE INDEX "task_versions_by_row" ON "freshbooks"."task_versions" USING btree ("row_id","version_id");--> statement-breakpoint
CREATE INDEX "task_versions_by_end" ON "freshbooks"."task_versions" USING btree ("valid_to");--> statement-breakpoint
CREATE INDEX "task_versions_by_row" ON "invoiced"."task_versions" USING btree ("row_id","version_id");--> statement-breakpoint
CREATE INDEX "task_versions_by_end" ON "invoiced"."task_versions" USING btree ("valid_to");--> statement-breakpoint
CREATE INDEX "runs_by_start" ON "sync"."runs" USING brin ("started_at");--> statement-breakpoint
CREATE INDEX "tasks_active" ON "freshbooks"."tasks" USING btree ("name","connection","row_id","id") WHERE "freshbooks"."tasks"."vis_state" = 0;--> statement-breakpoint
CREATE INDEX "tasks_open" ON "invoiced"."tasks" USING btree ("user_id","due_date","action","customer_id","connection") WHERE "invoiced"."tasks"."vis_state" = 0 and not "invoiced"."tasks"."complete";--> statement-breakpoint
CREATE INDEX "tasks_done" ON "invoiced"."tasks" USING btree ("completed_date") WHERE "invoiced"."tasks"."vis_state" = 0 and "invoiced"."tasks"."complete";