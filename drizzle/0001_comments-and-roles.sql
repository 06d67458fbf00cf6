-- A walk that loses these begins again; without the log they cost next to nothing.
ALTER TABLE sync.walk_pages SET UNLOGGED;
--> statement-breakpoint
ALTER TABLE sync.held_deletions SET UNLOGGED;
