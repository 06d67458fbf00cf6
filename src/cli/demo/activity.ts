import { findArrivals } from '../../mirror/arrivals.js';
import type { Database } from '../../mirror/database.js';
import type { Runtime } from '../../runtime.js';
import { sources } from '../../sources/index.js';
import type { SourceName } from '../../sources/source.js';

/** One act of a person at an API, and how long the mirror took to have it. */
export interface Act {
  readonly source: SourceName;
  readonly id: number;
  /** `Invoiced 788 renamed: Call Acme` */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds until the API's answer with it arrived; null while it is on its way. */
  readonly delay: number | null;
}

export interface Activity {
  /** Remembers what somebody has just done. */
  did(text: string): void;
  /** Looks which acts have arrived since; gives them, the oldest first. */
  look(): Promise<readonly Act[]>;
  /** The last acts, the oldest first. */
  recent(most: number): readonly Act[];
  /** How many have arrived, of this source. */
  arrived(source: SourceName): number;
}

/** Follows acts into the mirror. Its clock and the database's must be of one machine. */
export function createActivity(db: Database, runtime: Runtime): Activity {
  let acts: readonly Act[] = [];
  const counts = new Map<SourceName, number>();
  return {
    did: (text) => {
      const [, where = '', id = ''] = /^(\w+) (\d+) /.exec(text) ?? [];
      const source = where.toLowerCase();
      if (!isSource(source)) return;
      acts = [...acts, { source, id: Number(id), text, at: runtime.now(), delay: null }].slice(-KEPT);
    },
    look: async () => {
      const [before, found] = [acts, await arrivalsOf(acts, db)];
      const arrived = before.flatMap((act) => {
        const at = act.delay === null ? found.get(keyOf(act)) : undefined;
        return at !== undefined && at >= act.at ? [{ ...act, delay: at - act.at, of: act }] : [];
      });
      const byAct = new Map(arrived.map(({ of, ...act }) => [of, act]));
      acts = acts.map((act) => byAct.get(act) ?? act);
      for (const { source } of arrived) counts.set(source, (counts.get(source) ?? 0) + 1);
      return [...byAct.values()];
    },
    recent: (most) => acts.slice(-most),
    arrived: (source) => counts.get(source) ?? 0,
  };
}

const KEPT = 50;

/** When each task that is waited for was last written, in milliseconds since 1970. */
async function arrivalsOf(acts: readonly Act[], db: Database): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const source of Object.values(sources)) {
    const ids = acts.filter((act) => act.source === source.name && act.delay === null).map(({ id }) => id);
    if (ids.length === 0) continue;
    const arrivals = await findArrivals(db, source, source.name, ids);
    for (const [id, micros] of arrivals) found.set(keyOf({ source: source.name, id }), micros / 1_000);
  }
  return found;
}

const keyOf = ({ source, id }: Pick<Act, 'source' | 'id'>): string => `${source} ${id}`;

const isSource = (name: string): name is SourceName => Object.hasOwn(sources, name);
