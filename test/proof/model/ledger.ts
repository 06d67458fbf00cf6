import type { Job } from './jobs.js';
import type { Told } from './sides.js';

export type Side = 'local' | 'remote';

/** Somebody gave a field a value. A deletion, a restore and an archiving are values of `vis_state`. */
export interface Edit {
  readonly at: number;
  readonly side: Side;
  /** The task's id at the API; `row 5` for a row that had none. */
  readonly task: string;
  readonly field: string;
  readonly value: string;
  /** When it was said, where it was committed later: its row was held from then on, and what a worker saw meanwhile met it afterwards. */
  readonly saidAt?: number;
  /** It came over a link: it has a cause on the other side, and is nobody's own. */
  readonly over?: true;
}

/** Whoever wrote or deleted there had this value before them: what they did was said knowing it. Or the API itself wrote over it. */
export interface Seen extends Omit<Edit, 'side' | 'over' | 'saidAt'> {
  readonly side: Side | 'the API itself';
}

/** A worker was given a task whole by itself, by what it asked for then or wrote. */
export interface Read {
  /** When it was asked for: whatever was there then is in the answer. */
  readonly began: number;
  readonly at: number;
  readonly task: string;
  readonly job: Job | null;
  /** Whether the answer left keys out: then it need not have shown what was there. */
  readonly blind: boolean;
}

/** A worker's request changed something at the API. */
export interface Write {
  readonly at: number;
  readonly change: Change;
  /** Null where it can't be told whose request it was. */
  readonly job: Job | null;
}

/** A worker asked for a value, and the API has made another one of it. */
export interface Remade {
  readonly task: string;
  readonly field: string;
  readonly sent: string;
  readonly stored: string;
}

export interface Change {
  readonly task: string;
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What people did on both sides and what the API was asked, in one order; and nothing of what the worker thinks. */
export interface Ledger {
  readonly edits: readonly Edit[];
  readonly seen: readonly Seen[];
  readonly reads: readonly Read[];
  readonly writes: readonly Write[];
  /** Local inserts that were committed: by row, what their names begin with. */
  readonly inserts: ReadonlyMap<string, string>;
  /** Rows that were made over a link. */
  readonly made: ReadonlySet<string>;
  readonly remade: readonly Remade[];
  /** Whether what names begin with stays through all renames; over a link a name comes whole. */
  readonly labelled: boolean;
  /** Tasks that one statement deleted here. */
  readonly masses: readonly { readonly at: number; readonly tasks: readonly string[] }[];
  /** When a person let the deletes go that waited. */
  readonly approvals: readonly number[];
  /** Rows that a worker's job marked deleted. */
  readonly tombstones: readonly { readonly job: Job; readonly row: string }[];
  /** What can't be right whatever follows. */
  readonly wrongs: readonly string[];
  /** One person's act on one side: `before` is what they had before them. `saidAt`: see Edit. */
  edit(side: Side, task: string, before: Told, changes: Told, saidAt?: number): void;
  /** A side was shown a value of the other that it had not taken over: the journal tells both. */
  shown(seen: Omit<Seen, 'at'>): void;
  insert(row: string, label: string, values: Told): void;
  /** What came over a link into a row, or made one. Nobody has seen anything then. */
  carried(task: string, changes: Told): void;
  madeOver(row: string, values: Told): void;
  remake(remade: Remade): void;
  /** The API by itself changed what it was not asked to. */
  bySelf(change: Change): void;
  read(read: Omit<Read, 'at'>): void;
  write(change: Change, job: Job | null): void;
  deletedAtOnce(tasks: readonly string[]): void;
  approve(): void;
  tombstone(job: Job, row: string): void;
  wrong(what: string): void;
  /** The place in the order at which it stands now. */
  moment(): number;
}

/** `clock`: one order for the ledgers of both sources. */
export function createLedger({ clock = { at: 0 }, labelled = true } = {}): Ledger {
  const edits: Edit[] = [];
  const seen: Seen[] = [];
  const reads: Read[] = [];
  const writes: Write[] = [];
  const inserts = new Map<string, string>();
  const wrongs: string[] = [];
  const masses: { at: number; tasks: readonly string[] }[] = [];
  const approvals: number[] = [];
  const tombstones: { job: Job; row: string }[] = [];
  const made = new Set<string>();
  const remade: Remade[] = [];
  const next = () => {
    clock.at += 1;
    return clock.at;
  };
  const carried = (task: string, changes: Told) => {
    const now = next();
    for (const [field, value] of Object.entries(changes))
      edits.push({ at: now, side: 'local', task, field, value, over: true });
  };
  return {
    edits,
    seen,
    reads,
    writes,
    inserts,
    made,
    remade,
    labelled,
    wrongs,
    masses,
    approvals,
    tombstones,
    edit: (side, task, before, changes, saidAt) => {
      const now = next();
      const deletes = changes['vis_state'] === '1';
      for (const [field, value] of Object.entries(before))
        if (deletes || field in changes) seen.push({ at: now, side, task, field, value });
      for (const [field, value] of Object.entries(changes))
        edits.push({ at: now, side, task, field, value, saidAt: saidAt ?? now });
    },
    shown: (value) => void seen.push({ ...value, at: next() }),
    insert: (row, label, values) => {
      const now = next();
      inserts.set(row, label);
      for (const [field, value] of Object.entries(values))
        edits.push({ at: now, side: 'local', task: `row ${row}`, field, value });
    },
    carried,
    madeOver: (row, values) => {
      made.add(row);
      carried(`row ${row}`, values);
    },
    remake: (each) => void remade.push(each),
    bySelf: ({ task, field, before }) => {
      if (before !== null) seen.push({ at: next(), side: 'the API itself', task, field, value: before });
    },
    read: (read) => void reads.push({ ...read, at: next() }),
    write: (change, job) => void writes.push({ change, job, at: next() }),
    deletedAtOnce: (tasks) => void masses.push({ at: next(), tasks }),
    approve: () => void approvals.push(next()),
    tombstone: (job, row) => void tombstones.push({ job, row }),
    wrong: (what) => void wrongs.push(what),
    moment: () => clock.at,
  };
}

/** The fields in which two states of an API differ; a task that came or went differs in `vis_state`, null where it is not there. */
export function changesBetween(
  before: ReadonlyMap<string, Told>,
  after: ReadonlyMap<string, Told>,
): Change[] {
  const changes: Change[] = [];
  for (const task of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(task), after.get(task)];
    for (const field of Object.keys(old ?? now ?? {})) {
      const [from, to] = [old?.[field] ?? null, now?.[field] ?? null];
      if (from !== to) changes.push({ task, field, before: from, after: to });
    }
  }
  return changes;
}

/** What a name begins with stays through all renames: by it a task is known again on both sides. */
export const labelOf = (name: string, id: string): string =>
  /^[LPTW]\d{4}/.exec(name)?.[0] ?? `T${id.padStart(4, '0').slice(-4)}`;
