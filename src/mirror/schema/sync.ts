import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
} from 'drizzle-orm/pg-core';

export const sync = pgSchema('sync');

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });
const identifier = (name: string) => bigint(name, { mode: 'number' });
const identifiers = customType<{ data: string }>({ dataType: () => 'bigint[]' });

/** One row an account. What it is remembered by tells another account behind the same name apart. */
export const connections = sync.table(
  'connections',
  {
    name: text('name').primaryKey(),
    source: text('source').notNull(),
    account: text('account'),
    baseUrl: text('base_url'),
    keyFingerprint: text('key_fingerprint'),
    identifiedAt: instant('identified_at'),
    credentialId: text('credential_id').references(() => credentials.credentialId),
    pollEvery: bigint('poll_every_ms', { mode: 'number' }).notNull(),
    sweepEvery: bigint('sweep_every_ms', { mode: 'number' }).notNull(),
    pausedAt: instant('paused_at'),
    lastPullAt: instant('last_pull_at'),
    lastPushAt: instant('last_push_at'),
    deletesApprovedAt: instant('deletes_approved_at'),
    problem: text('problem'),
    problemOf: text('problem_of'),
    addedAt: instant('added_at').notNull().default(sql`clock_timestamp()`),
    origin: text('origin').notNull().default('environment'),
    address: text('address'),
    accountId: text('account_id'),
    pauseReason: text('pause_reason'),
  },
  (t) => [
    check('connections_source', sql`${t.source} in ('invoiced', 'freshbooks')`),
    check('connections_origin', sql`${t.origin} in ('environment', 'command')`),
  ],
);

/** Connections that were taken away while their rows stay. */
export const removedConnections = sync.table('removed_connections', {
  name: text('name').primaryKey(),
  source: text('source').notNull(),
  account: text('account'),
  removedAt: instant('removed_at').notNull().default(sql`clock_timestamp()`),
});

/** Where this database lives: one row, to see that it was restored from a copy. */
export const home = sync.table(
  'home',
  {
    only: boolean('only').primaryKey().default(true),
    whereabouts: jsonb('whereabouts').notNull(),
    notedAt: instant('noted_at').notNull().default(sql`clock_timestamp()`),
  },
  (t) => [check('home_only', sql`${t.only}`)],
);

export const credentials = sync.table(
  'credentials',
  {
    credentialId: text('credential_id').primaryKey(),
    source: text('source').notNull(),
    clientId: text('client_id').notNull(),
    apiUser: text('api_user'),
    sealed: text('sealed').notNull(),
    consents: text('consents').array().notNull(),
    problem: text('problem'),
    rotatedAt: instant('rotated_at').notNull(),
    redirectUri: text('redirect_uri'),
    sealedClientSecret: text('sealed_client_secret'),
  },
  (t) => [unique('credentials_api_user').on(t.source, t.clientId, t.apiUser)],
);

/** Where the next poll begins. */
export const cursors = sync.table('cursors', {
  connection: text('connection').primaryKey(),
  cursor: instant('cursor').notNull(),
  walkedAgain: boolean('walked_again').notNull().default(true),
  updatedAt: instant('updated_at').notNull().default(sql`clock_timestamp()`),
});

/** A connection's unfinished walk: where it goes on, and as which run. `walk_id` is the id of its first run. */
export const walks = sync.table('walks', {
  connection: text('connection').primaryKey(),
  walkId: identifier('walk_id').notNull(),
  runId: identifier('run_id').notNull(),
  kind: text('kind').notNull(),
  request: text('request'),
  force: boolean('force').notNull(),
  startedAt: instant('started_at').notNull(),
  position: jsonb('position'),
  batches: integer('batches').notNull().default(0),
  attempts: integer('attempts').notNull().default(1),
  passedOver: integer('passed_over').notNull().default(0),
  yielded: boolean('yielded').notNull().default(false),
  updatedAt: instant('updated_at').notNull().default(sql`clock_timestamp()`),
});

export const leases = sync.table(
  'leases',
  {
    connection: text('connection').notNull(),
    kind: text('kind').notNull(),
    runId: identifier('run_id').notNull(),
    endsAt: instant('ends_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.connection, t.kind] })],
);

const count = (name: string) => integer(name).notNull().default(0);

export const runs = sync.table(
  'runs',
  {
    runId: identifier('run_id').primaryKey().generatedAlwaysAsIdentity(),
    connection: text('connection').notNull(),
    kind: text('kind').notNull(),
    lease: text('lease').notNull(),
    request: text('request'),
    startedAt: instant('started_at').notNull().default(sql`clock_timestamp()`),
    finishedAt: instant('finished_at'),
    outcome: text('outcome'),
    pages: count('pages'),
    fetched: count('fetched'),
    inserted: count('inserted'),
    updated: count('updated'),
    unchanged: count('unchanged'),
    deleted: count('deleted'),
    pushed: count('pushed'),
    failed: count('failed'),
    conflicts: count('conflicts'),
    total: integer('total'),
    error: text('error'),
  },
  (t) => [
    check('runs_kind', sql`${t.kind} in ('poll', 'read', 'sweep', 'resync', 'push', 'verify')`),
    check('runs_lease', sql`${t.lease} in ('poll', 'walk', 'push')`),
    check('runs_outcome', sql`${t.outcome} in ('ok', 'failed', 'stopped', 'interrupted')`),
    index('runs_by_kind').on(t.connection, t.kind, t.runId),
    index('runs_open').on(t.connection).where(sql`${t.finishedAt} is null`),
    // Runs stand in the order of their beginning: a few pages tell where a time's are.
    index('runs_by_start').using('brin', t.startedAt),
    index('runs_by_request').on(t.request).where(sql`${t.request} is not null`),
  ],
);

export const writes = sync.table(
  'writes',
  {
    writeId: identifier('write_id').primaryKey().generatedAlwaysAsIdentity(),
    connection: text('connection').notNull(),
    rowId: identifier('row_id').notNull(),
    runId: identifier('run_id'),
    method: text('method').notNull(),
    path: text('path').notNull(),
    sent: jsonb('sent'),
    idempotencyKey: text('idempotency_key'),
    status: integer('status'),
    outcome: text('outcome'),
    sentAt: instant('sent_at').notNull().default(sql`clock_timestamp()`),
    answeredAt: instant('answered_at'),
    settledAt: instant('settled_at'),
    decision: text('decision'),
    adoptId: identifier('adopt_id'),
    linkId: identifier('link_id'),
    taskUpdatedAt: instant('task_updated_at'),
  },
  (t) => [
    check('writes_decision', sql`${t.decision} in ('adopt', 'create')`),
    check('writes_outcome', sql`${t.outcome} in ('ok', 'refused', 'unknown')`),
    index('writes_by_row').on(t.rowId, t.writeId),
    index('writes_unsettled').on(t.rowId).where(sql`${t.settledAt} is null`),
  ],
);

export const conflicts = sync.table(
  'conflicts',
  {
    conflictId: identifier('conflict_id').primaryKey().generatedAlwaysAsIdentity(),
    connection: text('connection').notNull(),
    rowId: identifier('row_id').notNull(),
    runId: identifier('run_id'),
    field: text('field').notNull(),
    base: jsonb('base'),
    local: jsonb('local'),
    remote: jsonb('remote'),
    winner: text('winner').notNull(),
    reason: text('reason').notNull(),
    createdAt: instant('created_at').notNull().default(sql`clock_timestamp()`),
    restoredAt: instant('restored_at'),
  },
  (t) => [
    check('conflicts_winner', sql`${t.winner} in ('local', 'remote')`),
    index('conflicts_by_row').on(t.rowId),
    index('conflicts_by_time').on(t.connection, t.createdAt),
  ],
);

/** Ids that a row had before its task was deleted for good and made anew: no page brings them back. */
export const retiredIds = sync.table(
  'retired_ids',
  {
    connection: text('connection').notNull(),
    id: identifier('id').notNull(),
    rowId: identifier('row_id').notNull(),
    retiredAt: instant('retired_at').notNull().default(sql`clock_timestamp()`),
  },
  (t) => [primaryKey({ columns: [t.connection, t.id] })],
);

/** Tasks that an API sends and that can't be mirrored; each stands here until it can be read or is gone. */
export const unreadable = sync.table(
  'unreadable',
  {
    connection: text('connection').notNull(),
    taskId: text('task_id').notNull(),
    reason: text('reason').notNull(),
    firstSeenAt: instant('first_seen_at').notNull().default(sql`clock_timestamp()`),
  },
  (t) => [primaryKey({ columns: [t.connection, t.taskId] })],
);

/** Which ids each page of an unfinished walk held. Unlogged (see the migration): a walk that loses them begins again. */
export const walkPages = sync.table(
  'walk_pages',
  {
    walkId: identifier('walk_id').notNull(),
    batch: integer('batch').notNull(),
    ids: identifiers('ids').notNull(),
  },
  (t) => [primaryKey({ columns: [t.walkId, t.batch] })],
);

/** Deletions that a poll or walk (`holder`: its first run) was told of, held back until it's known how many there are. Unlogged, like walk_pages. */
export const heldDeletions = sync.table(
  'held_deletions',
  {
    holder: identifier('holder').notNull(),
    id: identifier('id').notNull(),
    raw: jsonb('raw').notNull(),
    requestedAt: instant('requested_at').notNull(),
    answeredAt: instant('answered_at').notNull(),
    skew: doublePrecision('skew').notNull(),
  },
  (t) => [primaryKey({ columns: [t.holder, t.id] })],
);
