import { type SQL, sql } from 'drizzle-orm';
import { TaskmirrorError } from '../errors.js';
import { mayBeTwin } from './crossed.js';
import { type Database, type Executor, isUnavailable } from './database.js';
import type { LinkRule } from './link-rules.js';

/** A row that a rule takes up and that is in no link, in the version in which it was found. */
export interface FreeRow {
  readonly rowId: string;
  readonly version: string;
  readonly name: string;
}

/** What a rule finds among the rows that are in no link. */
export interface Found {
  readonly pairs: readonly { readonly left: FreeRow; readonly right: FreeRow }[];
  /** Rows of which it can't be told which of several is their other half: those of the side that has fewer of them. */
  readonly ambiguous: readonly {
    readonly side: 'left' | 'right';
    readonly row: FreeRow;
    readonly candidates: readonly string[];
  }[];
  /** Rows whose other half is missing, and is to be made in FreshBooks or in Invoiced. */
  readonly missing: readonly { readonly in: 'freshbooks' | 'invoiced'; readonly row: FreeRow }[];
  /** How many more are missing that can't be made before the other side was read again. */
  readonly waiting: number;
}

/** Conditions that are costly are broken off. */
const LONGEST_MS = 5_000;

/**
 * Runs a rule as `taskmirror_reader` in a transaction that can write nothing and is always taken back: its conditions see what that role
 * sees, and what they do ends here. As one statement with parameters, so that PostgreSQL takes no second one.
 */
async function asReader<Result>(db: Database, work: (tx: Executor) => Promise<Result>): Promise<Result> {
  let result: { readonly value: Result } | null = null;
  await db
    .transaction(async (tx) => {
      await tx.rows(sql`set transaction isolation level repeatable read, read only`);
      await tx.rows(sql`
        select set_config('search_path', 'pg_catalog', true), set_config('standard_conforming_strings', 'on', true),
          set_config('statement_timeout', ${`${LONGEST_MS}ms`}, true)`);
      await tx.rows(sql`set local role taskmirror_reader`);
      result = { value: await work(tx) };
      throw TAKEN_BACK;
    })
    .catch((error: unknown) => {
      if (error !== TAKEN_BACK) throw error;
    });
  if (result === null) throw new Error('a transaction that was taken back gave nothing');
  return (result as { readonly value: Result }).value;
}

const TAKEN_BACK = new Error('taken back');

/**
 * What a rule would link and make now, at most `limit` of each kind. Its conditions must have been checked. Throws TaskmirrorError, with the
 * cure, where they can't be evaluated: not for some row, not in time, or not as the reader.
 */
export async function findFor(db: Database, rule: LinkRule, limit: number): Promise<Found> {
  try {
    return await find(db, rule, limit);
  } catch (error) {
    if (!(error instanceof Error) || isUnavailable(error)) throw error;
    throw new TaskmirrorError(
      'refused',
      `The rule ${rule.name} can't be followed: ${error.message}. ${cureOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function cureOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  if (code === QUERY_CANCELED)
    return `Its conditions may take ${LONGEST_MS / 1_000} s at most: write simpler ones, with links rules add NAME --replace.`;
  if (error.message.includes('taskmirror_reader'))
    return 'Its conditions run as that role: taskmirror migrate prints what an administrator must do.';
  return 'Write conditions that can be evaluated for every row, with links rules add NAME --replace.';
}

const QUERY_CANCELED = '57014';

function find(db: Database, rule: LinkRule, limit: number): Promise<Found> {
  return asReader(db, async (tx) => {
    const { found } = await tx.row<{ found: Found }>(sql`
      with l as materialized (${freeRows('invoiced', rule)}), r as materialized (${freeRows('freshbooks', rule)}),
      lefts as (select folded, count(*) as n, min(row_id) as row_id, array_agg(row_id order by row_id) as ids from l group by folded),
      rights as (select folded, count(*) as n, min(row_id) as row_id, array_agg(row_id order by row_id) as ids from r group by folded),
      both_sides as (
        select a.n as left_n, b.n as right_n, a.ids as left_ids, b.ids as right_ids, a.row_id as left_row, b.row_id as right_row
        from lefts a join rights b using (folded) where ${rule.match === 'name'}
      ), missing as (
        select 'freshbooks' as side, l.row_id, l.version, l.name, ${seenSince(rule, 'l', rule.freshbooksConnection)} as known
        from l where ${rule.creates === 'freshbooks' || rule.creates === 'both'} and l.active
          and (${rule.match === 'none'} or not exists (select from rights b where b.folded = l.folded))
        union all
        select 'invoiced', r.row_id, r.version, r.name, ${seenSince(rule, 'r', rule.invoicedConnection)}
        from r where ${rule.creates === 'invoiced' || rule.creates === 'both'} and r.active
          and (${rule.match === 'none'} or not exists (select from lefts a where a.folded = r.folded))
      )
      select jsonb_build_object(
        'pairs', (select coalesce(jsonb_agg(p.pair order by p.left_row), '[]') from (
          select s.left_row, jsonb_build_object('left', ${free('l')}, 'right', ${free('r')}) as pair
          from both_sides s join l on l.row_id = s.left_row join r on r.row_id = s.right_row
          where s.left_n = 1 and s.right_n = 1 order by s.left_row limit ${limit}) p),
        'ambiguous', (select coalesce(jsonb_agg(u.entry order by u.row_id), '[]') from (
          select l.row_id, jsonb_build_object('side', 'left', 'row', ${free('l')}, 'candidates', s.right_ids::text[]) as entry
          from both_sides s join l on l.row_id = any (s.left_ids) where s.left_n + s.right_n > 2 and s.left_n <= s.right_n
          union all
          select r.row_id, jsonb_build_object('side', 'right', 'row', ${free('r')}, 'candidates', s.left_ids::text[])
          from both_sides s join r on r.row_id = any (s.right_ids) where s.left_n > s.right_n
          order by 1 limit ${limit}) u),
        'missing', (select coalesce(jsonb_agg(m.entry order by m.row_id), '[]') from (
          select row_id, jsonb_build_object('in', side, 'row', ${free('missing')}) as entry
          from missing where known order by row_id limit ${limit}) m),
        'waiting', (select count(*) from missing where known is not true)) as found`);
    return found;
  });
}

const free = (alias: string): SQL =>
  sql.raw(
    `jsonb_build_object('rowId', ${alias}.row_id::text, 'version', ${alias}.version, 'name', ${alias}.name)`,
  );

/**
 * Whether the other side was read after this row was first seen: what somebody has made there meanwhile is its other half, and is not made twice.
 * Makes no difference where nobody looks for it.
 */
const seenSince = ({ match }: LinkRule, alias: string, other: string): SQL => sql`(${match === 'none'} or
  ${sql.raw(alias)}.seen_since < (select c.last_pull_at from sync.connections c where c.name = ${other}))`;

/** Those that could be another row's task, as is still being found out, are left for later. */
function freeRows(source: 'invoiced' | 'freshbooks', rule: LinkRule): SQL {
  const left = source === 'invoiced';
  const side = sql.raw(left ? 'left_row_id' : 'right_row_id');
  // What is done already needs no new other half.
  const active = !left
    ? sql`tasks.vis_state = 0`
    : rule.complete === null
      ? sql`true`
      : sql`not coalesce(tasks.complete, false)`;
  return sql`
    select tasks.row_id, tasks.xmin::text as version, tasks.name, sync.folded(tasks.name) as folded, ${active} as active,
      coalesce(tasks.first_seen_at, tasks.pending_since, tasks.edited_at) as seen_since
    from ${sql.raw(source)}.tasks
    where tasks.connection = ${left ? rule.invoicedConnection : rule.freshbooksConnection} and tasks.vis_state <> 1 and tasks.name ~ '\\S'
      and (${sql.raw(left ? rule.invoicedWhere : rule.freshbooksWhere)})
      and not exists (select from sync.links k where k.${side} = tasks.row_id and k.state <> 'ambiguous')
      and not ${mayBeTwin('tasks')}`;
}

/**
 * What PostgreSQL makes of a condition that is one expression by its letters: null where it is a condition on the row's own columns, made of
 * PostgreSQL's own functions that change nothing; else what is wrong. Nothing of it is run.
 */
export async function faultOf(
  db: Database,
  source: 'invoiced' | 'freshbooks',
  condition: string,
): Promise<string | null> {
  let fault: string | null = 'it could not be checked';
  await db
    .transaction(async (tx) => {
      await tx.rows(sql`
        select set_config('search_path', 'pg_catalog', true), set_config('standard_conforming_strings', 'on', true),
          set_config('statement_timeout', ${`${LONGEST_MS}ms`}, true)`);
      await tx.rows(
        sql.raw(
          `create temporary view taskmirror_condition as select 1 as one from ${source}.tasks where (${condition})`,
        ),
      );
      const { tree } = await tx.row<{ tree: string }>(sql`
        select ev_action::text as tree from pg_rewrite where ev_class = 'pg_temp.taskmirror_condition'::regclass`);
      fault = await faultIn(tx, tree);
      throw TAKEN_BACK;
    })
    .catch((error: unknown) => {
      if (error !== TAKEN_BACK) throw error;
    });
  return fault;
}

/** Judged by the tree that PostgreSQL has made of it: no name can be hidden from that. */
async function faultIn(tx: Executor, tree: string): Promise<string | null> {
  if (/\{SUBLINK/.test(tree)) return 'it looks at other rows, by a SELECT of its own';
  if (/\{(NEXTVALUEEXPR|COERCETODOMAIN|CURRENTOFEXPR)/.test(tree)) return 'it does more than compare';
  const numbers = (key: RegExp) => [...tree.matchAll(key)].map(([, id]) => Number(id));
  const functions = numbers(/:(?:funcid|opfuncid|hashfuncid|negfuncid|aggfnoid|winfnoid) (\d+)/g);
  const operators = [
    ...numbers(/:opno (\d+)/g),
    ...[...tree.matchAll(/:opnos \(o ([\d ]+)\)/g)].flatMap(([, ids = '']) => ids.split(' ').map(Number)),
  ];
  const types = numbers(/:(?:\w*type|resulttype) (\d+)/g);
  // What PostgreSQL brings along has a number below this.
  if ([...functions, ...operators, ...types].some((id) => id >= FIRST_OF_OTHERS))
    return 'it uses a function, an operator or a type that PostgreSQL does not bring along';
  const unsafe = await tx.rows<{ name: string }>(sql`
    select p.proname as name from pg_proc p
    where (p.oid = any (${`{${functions.join(',')}}`}::oid[])
        or p.oid in (select o.oprcode from pg_operator o where o.oid = any (${`{${operators.join(',')}}`}::oid[])))
      and (p.provolatile = 'v' or p.prosecdef)
    order by 1`);
  return unsafe.length === 0
    ? null
    : `it calls ${unsafe.map(({ name }) => name).join(', ')}, which may do more than look`;
}

const FIRST_OF_OTHERS = 16_384;
