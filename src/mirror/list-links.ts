import { sql } from 'drizzle-orm';
import { type Executor, micros } from './database.js';

/** A link as people look at it; see the comments of reporting.linked_tasks. */
export interface ListedLink {
  readonly linkId: string;
  readonly rule: string | null;
  readonly state: 'linked' | 'pending' | 'failed' | 'ambiguous' | 'unlinked';
  readonly error: string | null;
  /** Whether what was changed can't come over, rather than that an API refused one of its rows. */
  readonly stuck: boolean;
  /** Microseconds since 1970. */
  readonly linkedAt: number;
  readonly invoiced: ListedRow | null;
  readonly freshbooks: ListedRow | null;
  readonly candidates: readonly ListedRow[];
}

export interface ListedRow {
  readonly rowId: string;
  readonly id: number | null;
  readonly name: string | null;
  /** Whether its API refused what was to be sent. */
  readonly refused: boolean;
}

export interface LinkFilter {
  readonly linkId?: string;
  readonly rule?: string | null;
  /** Those that are over, too. */
  readonly ended: boolean;
  /** Only those that a person must say something about. */
  readonly troubled?: boolean;
  readonly limit: number | null;
}

/** What needs a person first, then by age. */
export async function listLinks(
  db: Executor,
  { linkId, rule = null, ended, troubled = false, limit }: LinkFilter,
): Promise<{ readonly links: readonly ListedLink[]; readonly total: number }> {
  const chosen = sql`(${linkId ?? null}::bigint is null or v.link_id = ${linkId ?? null}::bigint)
    and (${rule}::text is null or v.rule = ${rule}) and (${ended} or v.state <> 'unlinked')
    and (not ${troubled} or v.state in ('ambiguous', 'failed'))`;
  const row = (side: 'invoiced' | 'freshbooks') => {
    const column = (name: string) => sql.raw(`v.${side}_${name}`);
    return sql`case when ${column('row_id')} is not null then jsonb_build_object('rowId', ${column('row_id')}::text,
      'id', ${column('id')}, 'name', ${column('name')}, 'refused', exists (
        select from ${sql.raw(side)}.tasks t where t.row_id = ${column('row_id')} and t.sync_state = 'failed')) end`;
  };
  const rows = await db.rows<LinkStored>(sql`
    select v.link_id::text, v.rule, v.state, v.error, ${micros(sql`v.linked_at`)} as linked_at, count(*) over ()::int as total,
      exists (select from sync.links l where l.link_id = v.link_id and l.state = 'failed') as stuck,
      ${row('invoiced')} as invoiced, ${row('freshbooks')} as freshbooks,
      coalesce((select jsonb_agg(jsonb_build_object('rowId', t.row_id::text, 'id', t.id, 'name', t.name, 'refused', false) order by t.row_id) from (
        select row_id, id, name from invoiced.tasks union all select row_id, id, name from freshbooks.tasks
      ) t where t.row_id = any (v.candidates)), '[]') as candidates
    from reporting.linked_tasks v where ${chosen}
    order by v.state in ('ambiguous', 'failed') desc, v.link_id ${limit === null ? sql`` : sql`limit ${limit}`}`);
  const links = rows.map(({ link_id, linked_at, total: _, ...rest }) => ({
    linkId: link_id,
    linkedAt: Number(linked_at),
    ...rest,
  }));
  return { links, total: rows[0]?.total ?? 0 };
}

/** How links stand in all. */
export interface LinkCounts {
  readonly rules: number;
  readonly linked: number;
  readonly ambiguous: number;
  /** Could not be brought up to date, or one of whose rows was refused by its API. */
  readonly failed: number;
  /** Rules that can't be followed, and why. */
  readonly problems: readonly { readonly rule: string; readonly problem: string }[];
}

/** Null where there are neither rules nor links. */
export async function countLinks(db: Executor): Promise<LinkCounts | null> {
  const counts = await db.row<LinkCounts & { readonly all: number }>(sql`
    select (select count(*)::int from sync.link_rules) as rules, count(*)::int as all,
      (count(*) filter (where state in ('linked', 'pending', 'failed')))::int as linked,
      (count(*) filter (where state = 'ambiguous'))::int as ambiguous,
      (count(*) filter (where state = 'failed'))::int as failed,
      (select coalesce(jsonb_agg(jsonb_build_object('rule', name, 'problem', problem) order by name), '[]')
        from sync.link_rules where problem is not null) as problems
    from reporting.linked_tasks`);
  const { all, ...told } = counts;
  return all === 0 && told.rules === 0 ? null : told;
}

interface LinkStored extends Omit<ListedLink, 'linkId' | 'linkedAt'> {
  readonly link_id: string;
  readonly linked_at: string;
  readonly total: number;
}
