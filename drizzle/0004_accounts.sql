CREATE TABLE "sync"."home" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"whereabouts" jsonb NOT NULL,
	"noted_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "home_only" CHECK ("sync"."home"."only")
);
--> statement-breakpoint
CREATE TABLE "sync"."removed_connections" (
	"name" text PRIMARY KEY NOT NULL,
	"source" text NOT NULL,
	"account" text,
	"removed_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sync"."connections" ADD COLUMN "origin" text DEFAULT 'environment' NOT NULL;--> statement-breakpoint
ALTER TABLE "sync"."connections" ADD COLUMN "address" text;--> statement-breakpoint
ALTER TABLE "sync"."connections" ADD COLUMN "account_id" text;--> statement-breakpoint
ALTER TABLE "sync"."connections" ADD COLUMN "pause_reason" text;--> statement-breakpoint
ALTER TABLE "sync"."credentials" ADD COLUMN "redirect_uri" text;--> statement-breakpoint
ALTER TABLE "sync"."credentials" ADD COLUMN "sealed_client_secret" text;--> statement-breakpoint
ALTER TABLE "sync"."connections" ADD CONSTRAINT "connections_origin" CHECK ("sync"."connections"."origin" in ('environment', 'command'));