import { sql } from 'drizzle-orm';

/** What a run did, as it stands in `sync.runs`. */
export interface Counts {
  readonly pages: number;
  readonly fetched: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
  readonly pushed: number;
  readonly failed: number;
  readonly conflicts: number;
}

export const noCounts: Counts = {
  pages: 0,
  fetched: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  deleted: 0,
  pushed: 0,
  failed: 0,
  conflicts: 0,
};

export const addCounts = (a: Counts, b: Partial<Counts>): Counts => ({
  pages: a.pages + (b.pages ?? 0),
  fetched: a.fetched + (b.fetched ?? 0),
  inserted: a.inserted + (b.inserted ?? 0),
  updated: a.updated + (b.updated ?? 0),
  unchanged: a.unchanged + (b.unchanged ?? 0),
  deleted: a.deleted + (b.deleted ?? 0),
  pushed: a.pushed + (b.pushed ?? 0),
  failed: a.failed + (b.failed ?? 0),
  conflicts: a.conflicts + (b.conflicts ?? 0),
});

/** The columns that hold the counts. */
export const countNames = sql.join(
  Object.keys(noCounts).map((name) => sql.identifier(name)),
  sql`, `,
);

/** Adds a slice's counts to its run, for who watches. */
export const addition = (counts: Counts) =>
  sql.join(
    Object.entries(counts).map(
      ([name, value]) => sql`${sql.identifier(name)} = ${sql.identifier(name)} + ${value}`,
    ),
    sql`, `,
  );
