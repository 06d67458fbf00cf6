import { sql } from 'drizzle-orm';
import type { Executor } from '../../../src/mirror/database.js';
import type { SourceName } from '../../../src/sources/source.js';
import type { Job } from './jobs.js';
import type { Edit, Ledger } from './ledger.js';
import { otherThan, type Row, rowsIn, type Told, toldByRow } from './sides.js';

/** A link as it stands in sync.links. */
export interface Link {
  readonly id: string;
  readonly rule: string | null;
  readonly state: string;
  readonly error: string | null;
  /** Another one after each write. */
  readonly version: string;
  /** By source, the row. */
  readonly rows: Readonly<Record<SourceName, string | null>>;
}

/** How a link's rule keeps it; without a rule, the defaults. */
export interface Sharing {
  readonly name: boolean;
  readonly complete: 'archived' | 'deleted' | null;
  readonly onDelete: 'delete' | 'unlink';
  readonly winner: SourceName | 'newest';
  readonly match: 'name' | 'none';
  readonly creates: string;
}

/** Looks at both tables and the links whenever something was committed: what came over a link has a cause there, and what is linked is told. */
export interface LinkWatch {
  /** `over`: it was the commit of what makes links or carries over them. `job`: null for a person's. */
  look(db: Executor, over: boolean, job: Job | null): Promise<Readonly<Record<SourceName, readonly Row[]>>>;
  /** Whether a rule ever had it that what is complete is deleted at FreshBooks. */
  readonly deletesDone: boolean;
  /** Whether a row came to show this after it had shown an edit's value: what an API had already may be heard of late. */
  showedAfter(source: SourceName, edit: Edit, value: string): boolean;
  /** Where an edit of this row was shown by a row that it was linked to, then or later: as edits of that row. */
  shown(source: SourceName, row: string, edit: Edit): readonly Edit[];
}

type Names = Readonly<Record<SourceName, string | undefined>>;

const WITHOUT_RULE: Sharing = {
  name: true,
  complete: null,
  onDelete: 'delete',
  winner: 'newest',
  match: 'none',
  creates: 'none',
};

/** A value that a linked row showed. */
interface Showing {
  readonly link: string;
  readonly source: SourceName;
  readonly row: string;
  readonly field: string;
  readonly value: string;
  readonly from: number;
  to: number | null;
}

/** A name that came over from this row, in place of another one. */
interface Carried {
  readonly source: SourceName;
  readonly row: string;
  readonly before: string;
  readonly value: string;
}

const LINKED = ['name', 'complete', 'vis_state'];
const BOTH = ['invoiced', 'freshbooks'] as const;

export function createLinkWatch(ledgers: Readonly<Record<SourceName, Ledger>>): LinkWatch {
  let told: Readonly<Record<SourceName, ReadonlyMap<string, Told>>> = {
    invoiced: new Map(),
    freshbooks: new Map(),
  };
  let links: ReadonlyMap<string, Link> = new Map();
  const ended = new Set<string>();
  const showings: Showing[] = [];
  const open = new Map<string, Showing>();
  /** Every row that a link ever had; a row may take another one's place. */
  const rowsEver = new Map<string, Set<string>>();
  const makes = new Map<string, number>();
  /** The names that both rows of a link had when they were last brought together. */
  const agreed = new Map<string, Names>();
  let shareComplete = false;
  let deletesDone = false;
  let carriedNames: Carried[] = [];
  /** The two names that each row showed last: who links rows has read them while somebody may be renaming them. */
  const lastNames = new Map<string, readonly string[]>();
  const moment = () => ledgers.invoiced.moment();
  const wrong = (what: string) => ledgers.invoiced.wrong(what);

  /** Whether the row at the other end shows why this came over. */
  function hasCause(
    at: SourceName,
    field: string,
    value: string,
    beyond: Told,
    { name, complete, onDelete }: Sharing,
  ): boolean {
    const deletedBeyond = beyond['vis_state'] === '1';
    if (field === 'name') return name && beyond['name'] === value;
    if (at === 'invoiced') {
      const done = complete === 'deleted' ? '1' : '2';
      if (field === 'complete')
        return complete !== null && (beyond['vis_state'] === done) === (value === 'true');
      if (field !== 'vis_state') return false;
      return value === '1'
        ? deletedBeyond && onDelete === 'delete' && complete !== 'deleted'
        : !deletedBeyond || complete === 'deleted';
    }
    if (field !== 'vis_state') return false;
    const done = beyond['complete'] === 'true' && !deletedBeyond;
    if (value === '2') return done && complete === 'archived';
    if (value === '1') return (deletedBeyond && onDelete === 'delete') || (done && complete === 'deleted');
    return !deletedBeyond && !(done && complete !== null);
  }

  function cameOver(
    source: SourceName,
    row: Row,
    before: Told | undefined,
    now: Readonly<Record<SourceName, ReadonlyMap<string, Told>>>,
    current: readonly Link[],
    sharings: ReadonlyMap<string, Sharing>,
  ): void {
    const rowId = String(row['row_id']);
    const told = now[source].get(rowId) ?? {};
    const changes = Object.fromEntries(
      Object.entries(told).filter(([field, value]) => before?.[field] !== value),
    );
    if (Object.keys(changes).length === 0) return;
    const link = current.find((each) => isLive(each) && each.rows[source] === rowId);
    const other = otherThan(source);
    const beyondId = link?.rows[other] ?? null;
    const beyond = beyondId === null ? undefined : now[other].get(beyondId);
    const words = `${source} row ${rowId}`;
    if (link === undefined || beyondId === null || beyond === undefined) {
      wrong(`${words}: ${JSON.stringify(changes)} came over no link`);
      return;
    }
    const sharing = (link.rule === null ? undefined : sharings.get(link.rule)) ?? WITHOUT_RULE;
    if (before === undefined) {
      ledgers[source].madeOver(rowId, changes);
      const key = `${other} ${beyondId}`;
      makes.set(key, (makes.get(key) ?? 0) + 1);
      if ((makes.get(key) ?? 0) > 1) wrong(`${words} is made for ${key}, for which one was made before`);
      if (told['name'] !== beyond['name']) wrong(`${words} is made for ${key} under another name`);
      if (![source, 'both'].includes(sharing.creates)) wrong(`${words} is made, which its rule does not say`);
      return;
    }
    if ('name' in changes)
      carriedNames.push({
        source: other,
        row: beyondId,
        before: before['name'] ?? '',
        value: changes['name'] ?? '',
      });
    ledgers[source].carried(row['id'] === null ? `row ${rowId}` : String(row['id']), changes);
    for (const [field, value] of Object.entries(changes))
      if (!hasCause(source, field, value, beyond, sharing))
        wrong(
          `${words}: ${field} = ${value} came over link ${link.id} without a cause: ${JSON.stringify(beyond)}`,
        );
  }

  /** What an API made of a name is no change of it, where its answer was heard: then it is in the journal. */
  async function comesOfTheApi(db: Executor, { source, row, before, value }: Carried): Promise<boolean> {
    const remade = ledgers[source].remade.some((each) => each.sent === before && each.stored === value);
    if (!remade) return false;
    const heard = await db.rows(sql`
      select from sync.conflicts where row_id = ${row}::bigint and field = 'name' and local = to_jsonb(${before}::text)
        and remote = to_jsonb(${value}::text) and reason = 'the API changed what it was sent'`);
    return heard.length > 0;
  }

  /** Where both rows had another name than when they were last brought together, the rule's winner keeps its own. */
  function judgeWinners(
    now: Readonly<Record<SourceName, ReadonlyMap<string, Told>>>,
    current: readonly Link[],
    sharings: ReadonlyMap<string, Sharing>,
  ): void {
    for (const link of current) {
      if (!isLive(link)) continue;
      const namesIn = (all: typeof now): Names => ({
        invoiced: nameIn(all.invoiced.get(link.rows.invoiced ?? '')),
        freshbooks: nameIn(all.freshbooks.get(link.rows.freshbooks ?? '')),
      });
      const [before, after] = [namesIn(told), namesIn(now)];
      const changed = BOTH.some((source) => before[source] !== after[source]);
      const { winner, name } = sharings.get(link.rule ?? '') ?? WITHOUT_RULE;
      const own = (source: SourceName) =>
        before[source] !== undefined &&
        before[source] !== agreed.get(link.id)?.[source] &&
        !ledgers[source].remade.some(({ stored }) => stored === before[source]);
      if (
        changed &&
        name &&
        winner !== 'newest' &&
        BOTH.every(own) &&
        ![before[winner], undefined].includes(after[winner])
      )
        wrong(`link ${link.id}: ${before[winner]} of ${winner}, which wins, gives way to ${after[winner]}`);
      // One that is deleted as done bears the name all the same, and does when it is back.
      const borne = (source: SourceName) =>
        now[source].get(link.rows[source] ?? '')?.['name'] === after[otherThan(source)]
          ? after[otherThan(source)]
          : after[source];
      if (changed || after.invoiced === after.freshbooks)
        agreed.set(link.id, { invoiced: borne('invoiced'), freshbooks: borne('freshbooks') });
    }
  }

  /** Who joins, and who ends what is joined. */
  function judgeLinks(
    after: ReadonlyMap<string, Link>,
    now: Readonly<Record<SourceName, ReadonlyMap<string, Told>>>,
    over: boolean,
    job: Job | null,
    made: ReadonlySet<string>,
    sharings: ReadonlyMap<string, Sharing>,
  ): void {
    for (const [id, link] of after) {
      const former = links.get(id);
      const both = BOTH.map((source) => now[source].get(link.rows[source] ?? ''));
      if (former === undefined && isLive(link) && over && job !== null) {
        const rows = BOTH.map((source) => `${source} ${link.rows[source]}`);
        const sharing = sharings.get(link.rule ?? '') ?? WITHOUT_RULE;
        const [left = [], right = []] = rows.map((row, n) => [
          folded(both[n]?.['name'] ?? ''),
          ...(lastNames.get(row) ?? []),
        ]);
        if (
          !rows.some((row) => made.has(row)) &&
          !(sharing.match === 'name' && left.some((name) => right.includes(name)))
        )
          wrong(`link ${id} joins ${rows.join(' and ')} by itself: ${left[0]}, ${right[0]}`);
        for (const row of rows)
          if (ended.has(row)) wrong(`link ${id} joins ${row}, which somebody had unlinked`);
      }
      if (former !== undefined && isLive(former) && link.state === 'unlinked') {
        for (const source of BOTH) ended.add(`${source} ${former.rows[source]}`);
        const alive = both.every((each) => each !== undefined && each['vis_state'] !== '1');
        if (over && job !== null && alive) wrong(`link ${id} was ended by nobody: ${link.error}`);
      }
    }
    for (const [id, link] of links) {
      if (after.has(id) || link.state === 'ambiguous') continue;
      if (isLive(link) && job !== null) wrong(`link ${id} is gone`);
      // Free again: a rule may link or make anew.
      for (const source of BOTH) {
        ended.delete(`${source} ${link.rows[source]}`);
        makes.delete(`${source} ${link.rows[source]}`);
      }
    }
  }

  function tellShown(
    now: Readonly<Record<SourceName, ReadonlyMap<string, Told>>>,
    after: Iterable<Link>,
  ): void {
    const still = new Set<string>();
    for (const link of after) {
      if (!isLive(link)) continue;
      for (const source of BOTH) {
        const row = link.rows[source] ?? '';
        rowsEver.set(link.id, (rowsEver.get(link.id) ?? new Set()).add(`${source} ${row}`));
        for (const field of LINKED) {
          const value = now[source].get(row)?.[field];
          if (value === undefined) continue;
          const key = `${link.id} ${source} ${row} ${field}`;
          still.add(key);
          const last = open.get(key);
          if (last?.value === value) continue;
          if (last !== undefined) last.to = moment();
          const showing = { link: link.id, source, row, field, value, from: moment(), to: null };
          open.set(key, showing);
          showings.push(showing);
        }
      }
    }
    for (const [key, showing] of open) {
      if (still.has(key)) continue;
      showing.to = moment();
      open.delete(key);
    }
  }

  return {
    get deletesDone() {
      return deletesDone;
    },
    look: async (db, over, job) => {
      const { all, ...rows } = await allOf(db);
      const { invoiced, freshbooks } = rows;
      const now = { invoiced: toldOf('invoiced', invoiced), freshbooks: toldOf('freshbooks', freshbooks) };
      deletesDone ||= [...all.sharings.values()].some(({ complete }) => complete === 'deleted');
      shareComplete ||= [...all.sharings.values()].some(({ complete }) => complete !== null);
      const made = new Set<string>();
      if (over) {
        carriedNames = [];
        for (const source of BOTH)
          for (const row of rows[source]) {
            const before = told[source].get(String(row['row_id']));
            if (before === undefined) made.add(`${source} ${row['row_id']}`);
            cameOver(source, row, before, now, all.links, all.sharings);
          }
        for (const each of carriedNames)
          if (await comesOfTheApi(db, each))
            wrong(`${each.value}, which ${each.source} made of ${each.before}, came over a link`);
        judgeWinners(now, all.links, all.sharings);
      }
      const after = new Map(all.links.map((link) => [link.id, link]));
      judgeLinks(after, now, over, job, made, all.sharings);
      tellShown(now, after.values());
      for (const source of BOTH)
        for (const [row, { name = '' }] of now[source]) {
          const key = `${source} ${row}`;
          const [last = '', ...former] = lastNames.get(key) ?? [];
          if (last !== folded(name)) lastNames.set(key, [folded(name), last, ...former].slice(0, 2));
        }
      told = now;
      links = after;
      return rows;
    },
    showedAfter: (source, { task, field, at }, value) =>
      showings.some(
        (showing) =>
          showing.source === source &&
          task === `row ${showing.row}` &&
          showing.field === field &&
          showing.from > at &&
          showing.value === value,
      ),
    shown: (source, row, { at, field, value }) => {
      const other = otherThan(source);
      const matching = counterparts(source, field, value, shareComplete);
      return showings.flatMap((showing) =>
        showing.source === other &&
        (showing.to === null || showing.to >= at) &&
        rowsEver.get(showing.link)?.has(`${source} ${row}`) &&
        matching.some(([name, told]) => name === showing.field && told === showing.value)
          ? [
              {
                at: Math.max(showing.from, at),
                side: 'local' as const,
                task: `row ${showing.row}`,
                field: showing.field,
                value: showing.value,
              },
            ]
          : [],
      );
    },
  };
}

export const isLive = ({ state }: Link): boolean => state === 'linked' || state === 'failed';

/** As links match names: blanks and case aside. Written anew. */
const folded = (name: string): string => name.trim().replace(/\s+/g, ' ').toLowerCase();

/** What the other side of a link shows for this. */
function counterparts(
  source: SourceName,
  field: string,
  value: string,
  shareComplete: boolean,
): readonly (readonly [string, string])[] {
  if (field === 'name') return [['name', value]];
  if (source === 'invoiced' && field === 'vis_state') return [['vis_state', value]];
  if (source === 'invoiced' && field === 'complete' && shareComplete)
    return value === 'true'
      ? [
          ['vis_state', '2'],
          ['vis_state', '1'],
        ]
      : [['vis_state', '0']];
  if (source !== 'freshbooks' || field !== 'vis_state') return [];
  const done: readonly (readonly [string, string])[] = shareComplete
    ? [['complete', value === '0' ? 'false' : 'true']]
    : [];
  return value === '2' ? done : [['vis_state', value], ...done];
}

const nameIn = (told: Told | undefined): string | undefined =>
  told === undefined || told['vis_state'] === '1' ? undefined : told['name'];

const toldOf = (source: SourceName, rows: readonly Row[]): ReadonlyMap<string, Told> =>
  new Map(rows.map((row) => [String(row['row_id']), toldByRow(source, row)]));

interface Stored {
  readonly links: readonly (Omit<Link, 'rows'> & {
    readonly left: string | null;
    readonly right: string | null;
  })[];
  readonly rules: readonly (Sharing & { readonly rule: string })[];
}

const stored = sql`
  (select coalesce(jsonb_agg(jsonb_build_object('id', link_id::text, 'rule', rule, 'state', state, 'error', error,
    'version', xmin::text, 'left', left_row_id::text, 'right', right_row_id::text) order by link_id), '[]') from sync.links) as links,
  (select coalesce(jsonb_agg(jsonb_build_object('rule', name, 'name', share_name, 'complete', complete, 'onDelete', on_delete,
    'winner', winner, 'match', match, 'creates', creates)), '[]') from sync.link_rules) as rules`;

export interface Linked {
  readonly links: readonly Link[];
  /** By the rule's name. */
  readonly sharings: ReadonlyMap<string, Sharing>;
}

export const linksOf = async (db: Executor): Promise<Linked> =>
  toLinked(await db.row<Stored>(sql`select ${stored}`));

/** All at once, since it is looked at so often. */
async function allOf(
  db: Executor,
): Promise<Readonly<Record<SourceName, readonly Row[]>> & { readonly all: Linked }> {
  const { invoiced, freshbooks, ...others } = await db.row<
    Stored & Readonly<Record<SourceName, readonly Row[]>>
  >(sql`
    select (select coalesce(jsonb_agg(i.row), '[]') from (${rowsIn('invoiced')}) i) as invoiced,
      (select coalesce(jsonb_agg(f.row), '[]') from (${rowsIn('freshbooks')}) f) as freshbooks, ${stored}`);
  return { invoiced, freshbooks, all: toLinked(others) };
}

const toLinked = ({ links, rules }: Stored): Linked => ({
  links: links.map(({ left, right, ...link }) => ({ ...link, rows: { invoiced: left, freshbooks: right } })),
  sharings: new Map(rules.map((rule) => [rule.rule, rule])),
});
