import { findArrivals } from '../../mirror/arrivals.js';
import type { Database } from '../../mirror/database.js';
import { findDepartures } from '../../mirror/departures.js';
import type { Runtime } from '../../runtime.js';
import { sources } from '../../sources/index.js';
import type { SourceName } from '../../sources/source.js';

/** Something that was done on one side, and how long the other took to have it. */
export interface Act {
  /** Where it is waited for: a task of an API in the mirror, a row of the mirror at its API. Null where it goes no further. */
  readonly awaited:
    | { readonly side: 'mirror'; readonly source: SourceName; readonly id: number }
    | { readonly side: 'api'; readonly source: SourceName; readonly rowId: string }
    | null;
  /** By what it was done in the mirror: `SQL`. Null for what a person did at an API. */
  readonly by: string | null;
  /** `Invoiced 788 renamed: Call Acme`, or a statement. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds until the answer arrived by which the other side has it; null while it is on its way. */
  readonly delay: number | null;
}

export interface Activity {
  /** Remembers what somebody has just done at an API. */
  did(text: string): void;
  /** Remembers what has just been committed in the mirror, in a row, or was at this time (milliseconds since 1970). */
  edited(source: SourceName, rowId: string, by: string, text: string, at?: number): void;
  /** Remembers that edits of a row lost a conflict, and are waited for no longer. */
  overruled(rowId: string, by: string, text: string): void;
  /** Looks which acts have arrived since; gives them, and what was newly done in the mirror, the oldest first. */
  look(): Promise<readonly Act[]>;
  /** The last acts, the oldest first; those in the mirror, which are rarer, stay longer. */
  recent(most: number): readonly Act[];
  /** How many have arrived, from this source in the mirror or from there at its API. */
  arrived(source: SourceName, side: 'mirror' | 'api'): number;
}

/** Follows acts to the other side. Its clock and the database's must be of one machine. */
export function createActivity(db: Database, runtime: Runtime): Activity {
  let acts: readonly Act[] = [];
  let untold: readonly Act[] = [];
  const counts = new Map<string, number>();
  const add = (act: Act): void => {
    acts = [...acts, act].slice(-KEPT);
    if (act.by !== null) untold = [...untold, act];
  };
  return {
    did: (text) => {
      const [, where = '', id = ''] = /^(\w+) (\d+) /.exec(text) ?? [];
      const source = where.toLowerCase();
      if (!isSource(source)) return;
      const awaited = { side: 'mirror', source, id: Number(id) } as const;
      add({ awaited, by: null, text, at: runtime.now(), delay: null });
    },
    edited: (source, rowId, by, text, at = runtime.now()) =>
      add({ awaited: { side: 'api', source, rowId }, by, text, at, delay: null }),
    overruled: (rowId, by, text) => {
      const lost = ({ awaited, delay }: Act) =>
        awaited?.side === 'api' && awaited.rowId === rowId && delay === null;
      acts = acts.map((act) => (lost(act) ? { ...act, awaited: null } : act));
      add({ awaited: null, by, text, at: runtime.now(), delay: null });
    },
    look: async () => {
      const [before, found] = [acts, await arrivalsOf(acts, db)];
      const arrived = new Map(
        before.flatMap((act) => {
          const at = act.awaited && act.delay === null ? found.get(keyOf(act.awaited)) : undefined;
          return at !== undefined && at >= act.at ? [[act, { ...act, delay: at - act.at }] as const] : [];
        }),
      );
      acts = acts.map((act) => arrived.get(act) ?? act);
      for (const { awaited } of arrived.keys()) {
        const key = awaited ? `${awaited.side} ${awaited.source}` : '';
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      const news = [...untold, ...arrived.values()];
      untold = [];
      return news;
    },
    recent: (most) => {
      const edits = acts.filter(({ by }) => by !== null).slice(-Math.floor(most / 2));
      const others = acts.filter(({ by }) => by === null).slice(edits.length - most);
      return [...others, ...edits].sort((a, b) => a.at - b.at);
    },
    arrived: (source, side) => counts.get(`${side} ${source}`) ?? 0,
  };
}

const KEPT = 50;

/** When each task and row that is waited for was last seen on the other side, in milliseconds since 1970. */
async function arrivalsOf(acts: readonly Act[], db: Database): Promise<ReadonlyMap<string, number>> {
  const awaited = acts.flatMap((act) => (act.awaited && act.delay === null ? [act.awaited] : []));
  const found = new Map<string, number>();
  for (const source of Object.values(sources)) {
    const ids = awaited.flatMap((at) => (at.side === 'mirror' && at.source === source.name ? [at.id] : []));
    if (ids.length === 0) continue;
    const arrivals = await findArrivals(db, source, source.name, ids);
    for (const [id, micros] of arrivals)
      found.set(keyOf({ side: 'mirror', source: source.name, id }), micros / 1_000);
  }
  const edits = awaited.flatMap((at) => (at.side === 'api' ? [at] : []));
  if (edits.length === 0) return found;
  const rowIds = edits.map(({ rowId }) => rowId);
  const departures = await findDepartures(db, rowIds);
  for (const edit of edits) {
    const micros = departures.get(edit.rowId);
    if (micros !== undefined) found.set(keyOf(edit), micros / 1_000);
  }
  return found;
}

const keyOf = (awaited: NonNullable<Act['awaited']>): string =>
  awaited.side === 'mirror' ? `${awaited.source} ${awaited.id}` : `row ${awaited.rowId}`;

const isSource = (name: string): name is SourceName => Object.hasOwn(sources, name);
