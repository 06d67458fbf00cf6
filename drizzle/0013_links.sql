CREATE TABLE "sync"."link_rules" (
	"name" text PRIMARY KEY NOT NULL,
	"invoiced_connection" text DEFAULT 'invoiced' NOT NULL,
	"freshbooks_connection" text DEFAULT 'freshbooks' NOT NULL,
	"invoiced_where" text DEFAULT 'true' NOT NULL,
	"freshbooks_where" text DEFAULT 'true' NOT NULL,
	"match" text DEFAULT 'name' NOT NULL,
	"creates" text DEFAULT 'none' NOT NULL,
	"invoiced_action" text,
	"invoiced_customer_id" bigint,
	"invoiced_user_id" bigint,
	"invoiced_due_days" integer,
	"freshbooks_rate_amount" numeric,
	"freshbooks_rate_code" text,
	"freshbooks_billable" boolean DEFAULT true NOT NULL,
	"share_name" boolean DEFAULT true NOT NULL,
	"complete" text,
	"on_delete" text DEFAULT 'delete' NOT NULL,
	"winner" text DEFAULT 'newest' NOT NULL,
	"checked" text,
	"problem" text,
	"added_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "link_rules_match" CHECK ("sync"."link_rules"."match" in ('name', 'none')),
	CONSTRAINT "link_rules_creates" CHECK ("sync"."link_rules"."creates" in ('none', 'invoiced', 'freshbooks', 'both')),
	CONSTRAINT "link_rules_action" CHECK ("sync"."link_rules"."invoiced_action" in ('phone', 'letter', 'email', 'review')),
	CONSTRAINT "link_rules_invoiced_defaults" CHECK ("sync"."link_rules"."creates" in ('none', 'freshbooks') or "sync"."link_rules"."invoiced_action" is not null and "sync"."link_rules"."invoiced_due_days" is not null),
	CONSTRAINT "link_rules_due_days" CHECK ("sync"."link_rules"."invoiced_due_days" between 0 and 3660),
	CONSTRAINT "link_rules_rate" CHECK (("sync"."link_rules"."freshbooks_rate_amount" is null) = ("sync"."link_rules"."freshbooks_rate_code" is null) and "sync"."link_rules"."freshbooks_rate_code" ~ '^[A-Z]{3}$'),
	CONSTRAINT "link_rules_complete" CHECK ("sync"."link_rules"."complete" in ('archived', 'deleted')),
	CONSTRAINT "link_rules_on_delete" CHECK ("sync"."link_rules"."on_delete" in ('delete', 'unlink')),
	CONSTRAINT "link_rules_winner" CHECK ("sync"."link_rules"."winner" in ('invoiced', 'freshbooks', 'newest'))
);
--> statement-breakpoint
CREATE TABLE "sync"."links" (
	"link_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sync"."links_link_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"rule" text,
	"left_row_id" bigint,
	"right_row_id" bigint,
	"base" jsonb,
	"state" text DEFAULT 'linked' NOT NULL,
	"error" text,
	"linked_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	"candidates" bigint[],
	"left_seen" jsonb,
	"right_seen" jsonb,
	"left_carried_at" timestamp with time zone,
	"right_carried_at" timestamp with time zone,
	"left_as_of" timestamp with time zone,
	"right_as_of" timestamp with time zone,
	"tried" jsonb,
	CONSTRAINT "links_state" CHECK ("sync"."links"."state" in ('linked', 'ambiguous', 'failed', 'unlinked')),
	CONSTRAINT "links_sides" CHECK (case when "sync"."links"."state" = 'ambiguous' then num_nonnulls("sync"."links"."left_row_id", "sync"."links"."right_row_id") = 1 and "sync"."links"."candidates" is not null
        else num_nonnulls("sync"."links"."left_row_id", "sync"."links"."right_row_id") = 2 or "sync"."links"."state" = 'unlinked' end)
);
--> statement-breakpoint
ALTER TABLE "sync"."writes" ADD COLUMN "link_id" bigint;--> statement-breakpoint
ALTER TABLE "sync"."links" ADD CONSTRAINT "links_rule_link_rules_name_fk" FOREIGN KEY ("rule") REFERENCES "sync"."link_rules"("name") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
CREATE UNIQUE INDEX "links_left" ON "sync"."links" USING btree ("left_row_id") WHERE "sync"."links"."state" <> 'unlinked';--> statement-breakpoint
CREATE UNIQUE INDEX "links_right" ON "sync"."links" USING btree ("right_row_id") WHERE "sync"."links"."state" <> 'unlinked';--> statement-breakpoint
CREATE INDEX "links_by_left" ON "sync"."links" USING btree ("left_row_id");--> statement-breakpoint
CREATE INDEX "links_by_right" ON "sync"."links" USING btree ("right_row_id");--> statement-breakpoint
CREATE INDEX "links_by_rule" ON "sync"."links" USING btree ("rule");